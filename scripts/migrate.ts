// npm run db:migrate: applies the migrations that the database lacks.

import { loadConfig, readEnvironment } from '../src/config.ts';
import { StartError } from '../src/errors.ts';
import { createLog } from '../src/log.ts';
import { openDatabaseServer } from '../src/resources/database.ts';
import { applyMigrations } from '../src/resources/migrations.ts';

try {
  const server = await openDatabaseServer(loadConfig(readEnvironment()), createLog({ level: 'warn' }));
  try {
    const names = await applyMigrations(server.url);
    for (const name of names) console.log(`Applied ${name}.`);
    if (names.length === 0) console.log('The database is up to date.');
  } finally {
    await server.close();
  }
} catch (error) {
  console.error(error instanceof StartError ? error.message : error);
  process.exitCode = 1;
}
