// A PostgreSQL of the run's own, from the embedded binaries, that scenarios may kill, stop and start again on the same port.

import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { seed } from '../prisma/seed/seed.ts';
import { createLog } from '../src/log.ts';
import { createCluster, findCluster, runningPort, startServer, stopServer } from '../src/resources/embedded-cluster.ts';
import { freePort } from '../src/resources/free-port.ts';
import { applyMigrations } from '../src/resources/migrations.ts';

const SEED_SCALE = 0.01;
const PASSWORD = 'of-a-server-that-is-killed';
const START_MS = 30_000;

export type PostgresServer = Awaited<ReturnType<typeof openPostgresServer>>;

export type PostgresServerOptions = {
  /** An empty folder for its files. Default one of its own in the system's temporary folder. */
  dir?: string;
  /** As `name=value`. */
  settings?: readonly string[];
};

/** Starts a server with demo data. `close` stops it and removes its files. Processes are killed and not the machine: nothing needs fsync. */
export async function openPostgresServer({ dir, settings = [] }: PostgresServerOptions = {}) {
  const folder = dir ?? (await mkdtemp(path.join(tmpdir(), 'convoy-chaos-')));
  // Where root starts it, the server runs as another user, who has to enter.
  await chmod(folder, 0o755);
  const cluster = await findCluster({ dir: path.join(folder, 'postgres'), mayMove: true, log: createLog({ level: 'error' }) });
  const port = await freePort();
  const urlTo = (database: string) => `postgresql://convoy:${PASSWORD}@127.0.0.1:${port}/${database}`;
  const url = urlTo('convoy');
  const postmaster = () => Number(readFileSync(path.join(cluster.dataDir, 'postmaster.pid'), 'utf8').split('\n')[0]);
  /** Processes of a server that was killed may be about to end: a new one does not start beside them. */
  const start = async () => {
    for (const end = Date.now() + START_MS; ; await wait(100)) {
      try {
        if ((await runningPort(cluster.dataDir)) !== undefined) return;
        return await startServer(cluster, port, ['fsync=off', 'full_page_writes=off', 'max_connections=120', ...settings]);
      } catch (error) {
        if (Date.now() > end) throw error;
      }
    }
  };
  const killNow = () => {
    try {
      // For the server: at once, with all of its processes.
      process.kill(postmaster(), 'SIGQUIT');
    } catch {
      // It does not run.
    }
  };
  const close = async () => {
    await stopServer(cluster);
    process.off('exit', killNow);
    for (const one of new Set([cluster.dir, ...(dir === undefined ? [folder] : [])])) await rm(one, { recursive: true, force: true });
  };
  process.once('exit', killNow);
  try {
    await createCluster(cluster, PASSWORD);
    await start();
    await rowsOf(urlTo('postgres'), 'create database convoy');
    await applyMigrations(url);
    await seed(url, { scale: SEED_SCALE });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url,
    port,
    /** Runs one statement over a connection of its own. */
    rows: <T extends object>(text: string, values: unknown[] = []) => rowsOf<T & pg.QueryResultRow>(url, text, values),
    /** A connection, as a superuser. */
    connect: () => connectTo(url),
    start,
    /** Stops it as its operator does in haste: connections are ended. */
    stop: () => stopServer(cluster),
    /** Kills its first process; the others notice, and end. */
    kill: async () => {
      process.kill(postmaster(), 'SIGKILL');
      while ((await runningPort(cluster.dataDir)) !== undefined) await wait(10);
    },
    /** Resolves when it answers a statement. Throws after 30 s. */
    untilUp: async () => {
      for (const end = Date.now() + START_MS; ; await wait(50)) {
        try {
          return void (await rowsOf(url, 'select 1'));
        } catch (error) {
          if (Date.now() > end) throw error;
        }
      }
    },
    close,
  };
}

async function connectTo(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'chaos' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function rowsOf<T extends pg.QueryResultRow>(url: string, text: string, values: unknown[] = []): Promise<T[]> {
  const client = await connectTo(url);
  try {
    return (await client.query<T>(text, values)).rows;
  } finally {
    await client.end();
  }
}
