import pg from 'pg';
import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import { databaseStartError } from '../src/gateway/data/postgres/database-start-error.ts';
import { engineStartError } from '../src/gateway/data/prisma/engine-start-error.ts';
import { applyMigrations, diffDatabaseToSchema, diffMigrationsToSchema, pendingMigrations } from '../src/resources/migrations.ts';
import { createDatabase, type DatabaseOptions, rowsOf } from './support/database.ts';

const drops: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(drops.map((drop) => drop())));

async function aDatabase(options?: DatabaseOptions): Promise<string> {
  const { url, drop } = await createDatabase(options);
  drops.push(drop);
  return url;
}

test('the migrations lead to schema.prisma', async () => {
  expect(await diffMigrationsToSchema(await aDatabase())).toBe('');
});

test('a migrated database is what schema.prisma says', async () => {
  expect(await diffDatabaseToSchema(await aDatabase())).toBe('');
});

test('an empty database differs from schema.prisma by every table', async () => {
  expect(await diffDatabaseToSchema(await aDatabase({ isMigrated: false }))).toContain('CREATE TABLE "certificates"');
});

test('migrations apply once', async () => {
  const url = await aDatabase({ isMigrated: false });
  const pending = await pendingMigrations(url);
  expect(pending.length).toBeGreaterThan(0);
  expect(await applyMigrations(url)).toEqual(pending);
  expect(await applyMigrations(url)).toEqual([]);
  expect(await pendingMigrations(url)).toEqual([]);
});

test('a migration that was edited after it was applied is refused by name', async () => {
  const url = await aDatabase();
  const [edited] = await rowsOf<{ name: string }>(url, `update _prisma_migrations set checksum = 'other' returning migration_name as name`);
  await expect(applyMigrations(url)).rejects.toThrow(`The migration ${edited?.name} was edited after this database applied it.`);
});

test('a migration that failed half way is refused by name', async () => {
  const url = await aDatabase();
  const [failed] = await rowsOf<{ name: string }>(url, 'update _prisma_migrations set finished_at = null returning migration_name as name');
  await expect(applyMigrations(url)).rejects.toThrow(`The migration ${failed?.name} failed half way.`);
});

test('a migration that fails leaves nothing of itself behind', async () => {
  const url = await aDatabase({ isMigrated: false });
  // A type of the name of a table is in the table's way.
  await rowsOf(url, `create type hiring_forms as enum ('in the way')`);
  await expect(applyMigrations(url)).rejects.toThrow('hiring_forms');
  const names = await rowsOf<{ name: string }>(url, `select relname as name from pg_class where relnamespace = 'public'::regnamespace`);
  expect(names.filter(({ name }) => !name.startsWith('_prisma_migrations'))).toEqual([]);
});

const TRAP = new WebAssembly.RuntimeError('unreachable');
const FAULT = new TypeError('there is no such function');

test.each([
  ['a fault of the program below the engine is thrown as it is', FAULT, FAULT],
  [
    'a connection that is lost below the engine is told of',
    new Error('Connection terminated unexpectedly'),
    expect.objectContaining({
      name: 'StartError',
      message: expect.stringMatching(/^The database at \S+ does not answer \(Connection terminated unexpectedly\)\./),
    }),
  ],
])('%s', async (_, thrown, expected) => {
  const url = await aDatabase({ isMigrated: false });
  const original = pg.Pool.prototype.query;
  const query = vi.spyOn(pg.Pool.prototype, 'query');
  onTestFinished(() => query.mockRestore());
  query.mockImplementation(function (this: pg.Pool, ...args: unknown[]) {
    if (args[0] !== undefined && /create table "?spas/i.test(String(args[0]))) throw thrown;
    return Reflect.apply(original, this, args);
  } as never);
  expect(await applyMigrations(url).catch((error) => error)).toEqual(expected);
});

test('only what the database, the system or the engine says becomes a sentence: faults of the program keep their stacks', () => {
  const url = 'postgresql://spa:s3cret@127.0.0.1:1/spas';
  const missingFile = Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT', syscall: 'open' });
  for (const fault of [FAULT, TRAP, missingFile, new TypeError("Cannot read properties of undefined (reading 'certificate')")]) {
    expect(databaseStartError(fault, url)).toBe(fault);
    expect(engineStartError(fault)).toBe(fault);
  }
  const late = Object.assign(new pg.DatabaseError('canceling statement due to statement timeout', 0, 'error'), { code: '57014' });
  expect(databaseStartError(late, url)).toMatchObject({
    message:
      'The database at 127.0.0.1:1 refuses what a start needs (canceling statement due to statement timeout). Raise statement_timeout in DATABASE_URL, or look what keeps the server busy.',
  });
  const missingSocket = Object.assign(new Error('connect ENOENT'), { code: 'ENOENT', syscall: 'connect' });
  expect(databaseStartError(missingSocket, url)).toMatchObject({
    name: 'StartError',
    message: 'The database at 127.0.0.1:1 does not answer (ENOENT). Start it, or check DATABASE_URL.',
  });
});
