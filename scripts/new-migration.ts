// npm run db:migration -- NAME [--empty]: writes the migration that leads from those there are to schema.prisma.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig, readEnvironment } from '../src/config.ts';
import { StartError } from '../src/errors.ts';
import { createLog } from '../src/log.ts';
import { openDatabaseServer } from '../src/resources/database.ts';
import { diffMigrationsToSchema, MIGRATIONS_DIR } from '../src/resources/migrations.ts';

const USAGE = 'npm run db:migration -- NAME [--empty]';
const EMPTY = "-- What Prisma's language cannot say: CHECKs, partial and expression indexes, changes of data.\n";

try {
  const { name, isEmpty } = readArguments();
  const sql = isEmpty ? EMPTY : await diff();
  if (sql === '') console.log('The migrations lead to schema.prisma already: there is nothing to write. For SQL of your own, add --empty.');
  else console.log(`Wrote ${path.relative(process.cwd(), await write(name, sql))}. Read it, then run \`npm run db:migrate\`.`);
} catch (error) {
  console.error(error instanceof StartError ? error.message : error);
  process.exitCode = 1;
}

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
  await mkdir(dir);
  const file = path.join(dir, 'migration.sql');
  await writeFile(file, sql.endsWith('\n') ? sql : `${sql}\n`);
  return file;
}
