// One PostgreSQL for the run, and two databases to clone: convoy_template is migrated and empty, convoy_template_seeded holds demo
// data. Both outlive the run, and are made anew when what they come from has changed. The clones lie in memory where there is room.

import { createHash } from 'node:crypto';
import { chown, glob, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { makeScratchFolder, removeLeftoverScratchFolders } from '../../harness/scratch-folder.ts';
import { seed } from '../../prisma/seed/seed.ts';
import { createLog } from '../../src/log.ts';
import { openEmbeddedPostgres } from '../../src/resources/embedded-postgres.ts';
import { isAlive } from '../../src/resources/file-lock.ts';
import { applyMigrations } from '../../src/resources/migrations.ts';
import { databaseUrl, SEEDED_SCALE, TEMPLATES, withAdmin } from './database.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The server's database `postgres`, as a superuser. */
    adminUrl: string;
    /** The process of the run: databases carry it in their names. */
    runId: number;
    /** Where databases are made. */
    tablespace: string;
  }
}

const ROOT = path.resolve(import.meta.dirname, '../..');

export default async function setup(project: TestProject) {
  const server = await openEmbeddedPostgres({
    dir: path.join(ROOT, '.convoy/test-postgres'),
    mayMove: true,
    // What a crash would lose can be made again.
    settings: ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=300'],
    log: createLog({ level: 'warn' }),
  });
  const tablespace = `convoy_test_${process.pid}`;
  let close = server.close;
  try {
    const adminUrl = databaseUrl(server.url, 'postgres');
    await withAdmin(adminUrl, async (admin) => {
      await dropLeftovers(admin);
      await removeLeftoverFolders();
      const migrated = await hashOf('prisma/schema.prisma', 'prisma/migrations/**/*.sql', 'src/resources/migrations.ts');
      await makeTemplate(admin, TEMPLATES.migrated, migrated, async (name) => void (await applyMigrations(databaseUrl(adminUrl, name))));
      const seeded = migrated + (await hashOf('prisma/seed/*.ts', 'src/modules/certificate/*.ts', 'src/modules/user/password.ts'));
      await makeTemplate(admin, TEMPLATES.seeded, seeded, async (name) => {
        await applyMigrations(databaseUrl(adminUrl, name));
        await seed(databaseUrl(adminUrl, name), { scale: SEEDED_SCALE });
      });
    });
    const folder = await makeScratchFolder();
    close = async () => {
      await withAdmin(adminUrl, (admin) => dropTablespace(admin, tablespace)).finally(server.close);
      await rm(folder, { recursive: true, force: true });
    };
    // Only the server's user may own it, who is another one where root starts the server.
    const { uid, gid } = await stat(path.join(server.dir, 'data'));
    await chown(folder, uid, gid);
    await withAdmin(adminUrl, (admin) => admin.query(`create tablespace ${tablespace} location '${folder}'`));
    project.provide('tablespace', tablespace);
    project.provide('adminUrl', adminUrl);
    project.provide('runId', process.pid);
  } catch (error) {
    await close();
    throw error;
  }
  return close;
}

async function removeLeftoverFolders(): Promise<void> {
  await removeLeftoverScratchFolders();
  for await (const folder of glob('.convoy/embedded-test-*', { cwd: ROOT })) {
    if (!isAlive(Number(folder.split('-').at(-1)))) await rm(path.join(ROOT, folder), { recursive: true, force: true });
  }
}

/** Databases and tablespaces of runs that crashed; those of a run that is under way beside this one stay. */
async function dropLeftovers(admin: Client): Promise<void> {
  const { rows } = await admin.query<{ name: string }>(`select datname as name from pg_database where datname ~ '^convoy_(test|shadow)_'`);
  for (const { name } of rows) {
    const run = /^convoy_test_(\d+)_/.exec(name)?.[1];
    if (run !== undefined && isAlive(Number(run))) continue;
    // A shadow database that somebody works in refuses to be dropped.
    await admin.query(`drop database if exists "${name}"`).catch(() => undefined);
  }
  const spaces = await admin.query<{ name: string }>(`select spcname as name from pg_tablespace where spcname like 'convoy_test_%'`);
  for (const { name } of spaces.rows) {
    if (!isAlive(Number(name.split('_')[2]))) await dropTablespace(admin, name).catch(() => undefined);
  }
}

/** With the databases in it that nobody has dropped: tests that were cut off leave some. */
async function dropTablespace(admin: Client, name: string): Promise<void> {
  const { rows } = await admin.query<{ database: string }>(
    'select datname as database from pg_database join pg_tablespace t on t.oid = dattablespace where spcname = $1',
    [name],
  );
  for (const { database } of rows) await admin.query(`drop database ${database} with (force)`);
  await admin.query(`drop tablespace ${name}`);
}

/** The hash is written into the database's comment last of all: a template that was not finished has none. */
async function makeTemplate(admin: Client, name: string, hash: string, fill: (name: string) => Promise<void>): Promise<void> {
  const { rows } = await admin.query(`select shobj_description(oid, 'pg_database') as hash from pg_database where datname = $1`, [name]);
  if (rows[0]?.hash === hash) return;
  await admin.query(`drop database if exists ${name} with (force)`);
  await admin.query(`create database ${name}`);
  await fill(name);
  await admin.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = $1`, [name]);
  // PostgreSQL refuses to clone a database that anybody is connected to: nobody can be.
  await admin.query(`alter database ${name} with allow_connections false`);
  await admin.query(`comment on database ${name} is '${hash}'`);
}

async function hashOf(...patterns: string[]): Promise<string> {
  const files = await Array.fromAsync(glob(patterns, { cwd: ROOT }));
  const hash = createHash('sha256');
  for (const file of files.sort()) hash.update(file).update(await readFile(path.join(ROOT, file)));
  return hash.digest('hex');
}
