// One PostgreSQL for all servers, kept between runs, and a database for each scale that is made anew when what it comes from has
// changed. Each server connects as a role of its own, so that its statements and connections can be told from those of others.

import { createHash } from 'node:crypto';
import { glob, readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { seed } from '../../prisma/seed/seed.ts';
import { createLog } from '../../src/log.ts';
import { openEmbeddedPostgres } from '../../src/resources/embedded-postgres.ts';
import { applyMigrations } from '../../src/resources/migrations.ts';
import { UsageError } from '../options.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const MADE_FROM = [
  'prisma/schema.prisma',
  'prisma/migrations/**/*.sql',
  'prisma/seed/*.ts',
  'src/modules/certificate/{number,spa-snapshot}.ts',
  'src/modules/user/password.ts',
];

/** The same for every server. Durable, as a real one is; more memory and cheaper random reads than PostgreSQL assumes for a disk of 1996. */
export const POSTGRES_SETTINGS = [
  'shared_preload_libraries=pg_stat_statements',
  'pg_stat_statements.max=20000',
  'shared_buffers=512MB',
  'effective_cache_size=1GB',
  'random_page_cost=1.1',
  // The seed ends with VACUUM and ANALYZE, and nothing writes afterwards: its workers would only disturb.
  'autovacuum=off',
];

/** Any number, as long as nothing else locks it. */
const RUNNING = 20_261_123;

export type BenchDatabase = {
  /** As a superuser. */
  url: string;
  /** A connection whose own statements are not counted. */
  admin: pg.Client;
  /** A URL with a role of its own. */
  urlFor: (server: string) => Promise<string>;
};

export async function openServer() {
  const server = await openEmbeddedPostgres({
    dir: path.join(ROOT, '.convoy/bench-postgres'),
    mayMove: true,
    settings: POSTGRES_SETTINGS,
    log: createLog({ level: 'warn' }),
  });
  const only = await connect(withPath(server.url, 'postgres'));
  const { rows } = await only.query<{ isFree: boolean }>('select pg_try_advisory_lock($1) as "isFree"', [RUNNING]);
  if (!rows[0]?.isFree) {
    await only.end();
    await server.close();
    throw new UsageError('Another bench is running in this checkout: two at once would measure each other.');
  }
  const opened: pg.Client[] = [only];
  const copies: string[] = [];
  const close = async () => {
    leaveSignals();
    for (const name of copies) await only.query(`drop database if exists ${name} with (force)`);
    for (const client of opened) await client.end();
    await server.close();
  };
  // The servers end with this process; PostgreSQL would not.
  const end = () => void close().finally(() => process.exit(130));
  const leaveSignals = () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, end);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  return {
    /** The database of a scale: 1 is 200,000 certificates. */
    database: async (scale: number): Promise<BenchDatabase> => {
      const database = await openDatabase(server.url, scale);
      opened.push(database.admin);
      return database;
    },
    /** A copy of it for a load that writes, dropped when the server is closed: every run begins with the same data. */
    copy: async (scale: number): Promise<{ url: string }> => {
      await make(server.url, benchName(scale), withPath(server.url, benchName(scale)), scale);
      const name = 'convoy_load';
      // One of a run that was killed.
      await only.query(`drop database if exists ${name} with (force)`);
      await only.query(`create database ${name} template ${benchName(scale)} strategy file_copy`);
      copies.push(name);
      return { url: withPath(server.url, name) };
    },
    /** From now on whoever calls closes it when a signal comes. */
    leaveSignals,
    close,
  };
}

async function openDatabase(serverUrl: string, scale: number): Promise<BenchDatabase> {
  const name = benchName(scale);
  const url = withPath(serverUrl, name);
  await make(serverUrl, name, url, scale);
  const admin = await connect(url);
  await admin.query('set pg_stat_statements.track = none');
  await admin.query('create extension if not exists pg_stat_statements');
  await admin.query(await readFile(path.join(import.meta.dirname, 'visitor-views.sql'), 'utf8'));
  return {
    url,
    admin,
    urlFor: async (server) => {
      const role = roleOf(server);
      const own = new URL(url);
      own.username = role;
      const { rowCount } = await admin.query('select 1 from pg_roles where rolname = $1', [role]);
      if (!rowCount) await admin.query(`create role ${role} login`);
      await admin.query(`alter role ${role} password ${pg.escapeLiteral(own.password)}`);
      await admin.query(`grant pg_read_all_data, pg_write_all_data to ${role}`);
      // PostGraphile shows what the role was granted by name.
      await admin.query(`grant usage on schema visitor to ${role}; grant select on all tables in schema visitor to ${role}`);
      return own.href;
    },
  };
}

/** The name of a database has no dot. */
const benchName = (scale: number) => `convoy_bench_${String(scale).replace('.', '_')}`;

export const roleOf = (server: string) => `bench_${server.replaceAll(/\W+/g, '_')}`;

/** The hash is written into the database's comment last of all: one that was not finished has none. */
async function make(serverUrl: string, name: string, url: string, scale: number): Promise<void> {
  const hash = await hashOf(MADE_FROM);
  const server = await connect(withPath(serverUrl, 'postgres'));
  try {
    const { rows } = await server.query(`select shobj_description(oid, 'pg_database') as hash from pg_database where datname = $1`, [name]);
    if (rows[0]?.hash === hash) return;
    process.stderr.write(`Making the database at scale ${scale}, once: ${scale > 1 ? 'some minutes' : 'half a minute'} …\n`);
    await server.query(`drop database if exists ${name} with (force)`);
    await server.query(`create database ${name}`);
    await applyMigrations(url);
    await seed(url, { scale });
    await server.query('checkpoint');
    await server.query(`comment on database ${name} is '${hash}'`);
  } finally {
    await server.end();
  }
}

async function hashOf(patterns: string[]): Promise<string> {
  const files = await Array.fromAsync(glob(patterns, { cwd: ROOT }));
  const hash = createHash('sha256');
  for (const file of files.sort()) hash.update(file).update(await readFile(path.join(ROOT, file)));
  return hash.digest('hex');
}

function withPath(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = database;
  return other.href;
}

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString, application_name: 'convoy bench' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
