// npm run db:migration -- NAME [--empty]: writes the migration that leads from those there are to schema.prisma.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig, readEnvironment } from '../src/config.ts';
import { StartError } from '../src/errors.ts';
import { LOCK, LOCK_FILE, MIGRATIONS_DIR } from '../src/gateway/data/prisma/migration-files.ts';
import { runCommand } from '../src/gateway/process/run-command.ts';
import { createLog } from '../src/log.ts';
import { openDatabaseServer } from '../src/resources/database.ts';
import { diffMigrationsToSchema } from '../src/resources/migrations.ts';

const USAGE = 'npm run db:migration -- NAME [--empty]';
const EMPTY = "-- What Prisma's language cannot say: CHECKs, partial and expression indexes, changes of data.\n";

await runCommand(async () => {
  const { name, isEmpty } = readArguments();
  const sql = isEmpty ? EMPTY : await diff();
  if (sql === '') console.log('The migrations lead to schema.prisma already: there is nothing to write. For SQL of your own, add --empty.');
  else console.log(`Wrote ${path.relative(process.cwd(), await write(name, sql))}. Read it, then run \`npm run db:migrate\`.`);
});

function readArguments(): { name: string; isEmpty: boolean } {
  try {
    const { positionals, values } = parseArgs({ allowPositionals: true, options: { empty: { type: 'boolean', default: false } } });
    const [name = '', ...rest] = positionals;
    if (rest.length === 0 && /^[a-z0-9_]{1,100}$/.test(name)) return { name, isEmpty: values.empty };
  } catch {
    // An option that does not exist: the usage says which do.
  }
  throw new StartError(`A migration needs one name, of lower case letters, digits and underscores; the usage is: ${USAGE}`);
}

/** Both sides are read on a server, in a database of their own that is dropped again; the data of the gateway is not looked at. */
async function diff(): Promise<string> {
  const server = await openDatabaseServer(loadConfig(readEnvironment()), createLog({ level: 'warn' }));
  try {
    return await diffMigrationsToSchema(server.url);
  } finally {
    await server.close();
  }
}

async function write(name: string, sql: string): Promise<string> {
  const time = new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14);
  const dir = path.join(MIGRATIONS_DIR, `${time}_${name}`);
  const file = path.join(dir, 'migration.sql');
  try {
    await mkdir(dir, { recursive: true });
    await writeFile(LOCK_FILE, LOCK, { flag: 'wx' }).catch((error) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await writeFile(file, sql.endsWith('\n') ? sql : `${sql}\n`);
  } catch (error) {
    throw new StartError(`The migration cannot be written (${(error as NodeJS.ErrnoException).code}): make prisma/migrations writable.`);
  }
  return file;
}
