// npm run db:migrate: applies the migrations that the database lacks.

import { loadConfig, readEnvironment } from '../src/config.ts';
import { migrationNames } from '../src/gateway/data/prisma/migration-files.ts';
import { runCommand } from '../src/gateway/process/run-command.ts';
import { createLog } from '../src/log.ts';
import { openDatabaseServer } from '../src/resources/database.ts';
import { applyMigrations } from '../src/resources/migrations.ts';

await runCommand(async () => {
  const server = await openDatabaseServer(loadConfig(readEnvironment()), createLog({ level: 'warn' }));
  try {
    const names = await applyMigrations(server.url);
    for (const name of names) console.log(`Applied ${name}.`);
    if ((await migrationNames()).length === 0)
      console.log('There are no migrations in prisma/migrations. Write the first with npm run db:migration -- NAME.');
    else if (names.length === 0) console.log('The database is up to date.');
  } finally {
    await server.close();
  }
});
