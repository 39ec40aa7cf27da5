// One PostgreSQL server for all gateways of a run: a database with demo data, and clones of it for those who need their own.

import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { seed } from '../prisma/seed/seed.ts';
import { createLog } from '../src/log.ts';
import { openEmbeddedPostgres } from '../src/resources/embedded-postgres.ts';
import { applyMigrations } from '../src/resources/migrations.ts';

const SEED_SCALE = 0.01;
/** A crash loses nothing that is wanted; each gateway has a pool of ten. */
const SETTINGS = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=300'];

export type AuditDatabase = Awaited<ReturnType<typeof openAuditDatabase>>;

/** Starts a server in a temporary folder, or takes the one of a URL, whose user must be allowed to create databases. */
export async function openAuditDatabase(databaseUrl: string | undefined) {
  const server = databaseUrl === undefined ? await startServer() : { url: databaseUrl, close: async () => undefined };
  const admin = new pg.Client({ connectionString: server.url, application_name: 'convoy audit' });
  // The server may end, with whoever has started it.
  admin.on('error', () => undefined);
  await admin.connect();
  const names: string[] = [];
  const urlTo = (name: string) => Object.assign(new URL(server.url), { pathname: `/${name}` }).toString();

  const makeDatabase = async (template?: string) => {
    const name = `convoy_audit_${process.pid}_${names.length}`;
    names.push(name);
    await admin.query(`create database ${name}${template === undefined ? '' : ` template ${template}`}`);
    return name;
  };
  const close = async () => {
    for (const name of names) await admin.query(`drop database if exists ${name} with (force)`).catch(() => undefined);
    await admin.end().catch(() => undefined);
    await server.close();
  };

  try {
    const template = await makeDatabase();
    await applyMigrations(urlTo(template));
    await seed(urlTo(template), { scale: SEED_SCALE });
    return {
      /** The URL of a new database with demo data. Nobody else may be connected to the one that it is cloned from. */
      create: async () => urlTo(await makeDatabase(template)),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startServer() {
  const folder = await mkdtemp(path.join(tmpdir(), 'convoy-audit-'));
  // Where root starts it, the server runs as another user, who has to enter.
  await chmod(folder, 0o755);
  const log = createLog({ level: 'error' });
  const server = await openEmbeddedPostgres({ dir: path.join(folder, 'postgres'), mayMove: true, settings: SETTINGS, log });
  return {
    url: server.url,
    close: async () => {
      await server.close();
      await rm(server.dir, { recursive: true, force: true });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Rows of one statement, over a connection of its own. */
export async function rowsOf<T extends pg.QueryResultRow>(databaseUrl: string, text: string): Promise<T[]> {
  const client = await connectTo(databaseUrl);
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Statements of gateways that wait for a lock. */
const WAITING = `select count(*)::int as count from pg_stat_activity
  where datname = current_database() and application_name <> 'convoy audit' and state = 'active' and wait_event_type = 'Lock'`;

async function connectTo(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'convoy audit' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Locks a table, so that statements on it hang. `waiting`: how many do. */
export async function lockTable(databaseUrl: string, table: string) {
  // Within a transaction, PostgreSQL's view of what runs does not change.
  const [holder, watcher] = [await connectTo(databaseUrl), await connectTo(databaseUrl)];
  await holder.query(`begin; lock table ${table} in access exclusive mode`);
  const waiting = async () => (await watcher.query<{ count: number }>(WAITING)).rows[0]?.count ?? 0;
  return {
    waiting,
    /** Waits until so many statements hang; returns after how many milliseconds. Throws after five seconds. */
    until: async (count: number): Promise<number> => {
      const start = performance.now();
      for (let seen = await waiting(); seen !== count; seen = await waiting()) {
        if (performance.now() - start > 5000) throw new Error(`${seen} statements hang after 5 s, not ${count}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return Math.round(performance.now() - start);
    },
    /** Lets the table go. `waiting` and `until` work until `close`. */
    release: () => holder.end(),
    close: () => Promise.all([holder.end(), watcher.end()]),
  };
}
