import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { MigrationList } from '@prisma/schema-engine-wasm/schema_engine_bg';
import { StartError } from '../../../errors.ts';

export const PRISMA_DIR = path.resolve(import.meta.dirname, '../../../../prisma');
export const MIGRATIONS_DIR = path.join(PRISMA_DIR, 'migrations');
/** Beside the migrations: which kind of database they are for. */
export const LOCK_FILE = path.join(MIGRATIONS_DIR, 'migration_lock.toml');

/** The names of all migrations, in their order; none where there is no folder of them, as where other tools keep the database. */
export async function migrationNames(): Promise<string[]> {
  const entries = await readdir(MIGRATIONS_DIR, { withFileTypes: true }).catch((error) => {
    if (error.code === 'ENOENT') return [];
    throw new StartError(`The folder prisma/migrations cannot be read (${error.code}): check its permissions.`);
  });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
}

/** The migrations with their SQL, as the engine takes them. Throws StartError for one that cannot be read. */
export async function loadMigrations(): Promise<MigrationList> {
  const names = await migrationNames();
  return {
    baseDir: MIGRATIONS_DIR,
    lockfile: { path: path.basename(LOCK_FILE), content: await readFile(LOCK_FILE, 'utf8').catch(() => null) },
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(
      names.map(async (name) => {
        const value = await readFile(path.join(MIGRATIONS_DIR, name, 'migration.sql'), 'utf8').catch((error) => {
          throw new StartError(
            `The migration ${name} has no migration.sql that can be read (${error.code}): restore it, or remove its folder.`,
          );
        });
        return { path: name, migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value } } };
      }),
    ),
  };
}

/** The Prisma schema, with its path. Throws StartError where it cannot be read. */
export async function loadDatamodel(): Promise<{ path: string; content: string }> {
  const file = path.join(PRISMA_DIR, 'schema.prisma');
  const content = await readFile(file, 'utf8').catch((error) => {
    throw new StartError(`The file prisma/schema.prisma cannot be read (${error.code}): restore it.`);
  });
  return { path: file, content };
}
