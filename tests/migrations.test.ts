import { afterAll, expect, test } from 'vitest';
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
