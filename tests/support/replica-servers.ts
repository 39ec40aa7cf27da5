// A primary of one's own with real streaming replicas, for tests, loads and chaos: nothing here knows the test runner. The replicas are made
// by PostgreSQL's low-level backup API, as the embedded package has no pg_basebackup.

import { execFile } from 'node:child_process';
import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { seed } from '../../prisma/seed/seed.ts';
import { createLog } from '../../src/log.ts';
import { type Cluster, createCluster, findCluster, runningPort, startServer, stopServer } from '../../src/resources/embedded-cluster.ts';
import { freePort } from '../../src/resources/free-port.ts';
import { applyMigrations } from '../../src/resources/migrations.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const PASSWORD = 'of-servers-that-live-for-a-test';
const DATABASE = 'convoy';

/** What a crash would lose can be made again; what a replica misses while it is down is kept for it; and nothing is written that no test writes. */
const QUICK = [
  'fsync=off',
  'full_page_writes=off',
  'shared_buffers=32MB',
  'autovacuum=off',
  'bgwriter_delay=10s',
  'wal_keep_size=512MB',
  'max_wal_size=1GB',
];
const OF_REPLICAS = ['wal_retrieve_retry_interval=100ms'];
/** What a copy of a running server's folder leaves out: https://www.postgresql.org/docs/18/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP-DATA. */
const LEFT_OUT = /^(pg_wal|pg_replslot|postmaster\.(pid|opts)|server\.log|pg_(dynshmem|notify|serial|snapshots|stat_tmp|subtrans))$/;

export type TestServer = {
  /** Its database `convoy`, as a superuser. */
  url: string;
  port: number;
  /** Runs one statement over a connection of its own. */
  rows<T extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<T[]>;
  start(): Promise<void>;
  /** Stops it as its operator does. */
  stop(): Promise<void>;
  /** Ends it as a crash does: SIGKILL, to all of its processes. */
  kill(): Promise<void>;
  /** Makes it silent without closing anything, until `wake`. */
  freeze(): Promise<void>;
  wake(): Promise<void>;
};

export type ReplicaServersOptions = {
  /** Settings of each replica, as `name=value`, such as `recovery_min_apply_delay=2s`. Default one replica without any. */
  replicas?: readonly (readonly string[])[];
  /** Demo data at this scale. Default 0.01. */
  seedScale?: number;
};

/** Starts a seeded primary and its replicas, which have caught up. `close` ends all and removes their files. */
export async function startReplicaServers({ replicas: settings = [[]], seedScale = 0.01 }: ReplicaServersOptions = {}) {
  const dir = path.join(ROOT, `.convoy/embedded-test-replicas-${process.hrtime.bigint()}-${process.pid}`);
  const cluster = await findCluster({ dir, mayMove: true, log: createLog({ level: 'warn' }) });
  const servers: TestServer[] = [];
  const close = async () => {
    for (const server of servers.toReversed()) await server.kill();
    await rm(cluster.dir, { recursive: true, force: true });
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await createCluster(cluster, PASSWORD);
    const primary = await aServer(cluster, QUICK);
    servers.push(primary);
    await primary.start();
    await rowsOf(urlTo(primary.port, 'postgres'), `create database ${DATABASE}`);
    await applyMigrations(primary.url);
    await seed(primary.url, { scale: seedScale });
    const replicas: TestServer[] = [];
    for (const [i, own] of settings.entries()) {
      const copy = { ...cluster, dataDir: path.join(cluster.dir, `replica-${i + 1}`) };
      await copyRunning(cluster, copy, primary);
      const replica = await aServer(copy, [...QUICK, ...OF_REPLICAS, ...own]);
      servers.push(replica);
      replicas.push(replica);
      await replica.start();
    }
    for (const replica of replicas) await untilReplayed(primary, replica);
    return { primary, replicas, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Waits until a replica shows everything that the primary has written. */
export async function untilReplayed(primary: TestServer, replica: TestServer, timeoutMs = 15_000): Promise<void> {
  // A commit, so that whatever precedes it is flushed.
  const [row] = await primary.rows<{ lsn: string }>('select pg_logical_emit_message(true, $1, $1)::text as lsn', ['convoy']);
  for (const end = Date.now() + timeoutMs; Date.now() < end; await wait(20)) {
    const [found] = await replica.rows<{ isThere: boolean }>('select pg_last_wal_replay_lsn() >= $1::pg_lsn as "isThere"', [row?.lsn]);
    if (found?.isThere) return;
  }
  throw new Error(`The replica on port ${replica.port} has not caught up.`);
}

const urlTo = (port: number, database: string) => `postgresql://convoy:${PASSWORD}@127.0.0.1:${port}/${database}`;

async function aServer(cluster: Cluster, settings: readonly string[]): Promise<TestServer> {
  const port = await freePort();
  const url = urlTo(port, DATABASE);
  const signal = async (name: NodeJS.Signals) => {
    const pids = await processesOf(cluster);
    for (const pid of pids) sendSignal(pid, name);
    return pids;
  };
  return {
    url,
    port,
    rows: (text, values) => rowsOf(url, text, values),
    start: () => startServer(cluster, port, settings),
    stop: () => stopServer(cluster),
    async kill() {
      await signal('SIGKILL');
      while ((await runningPort(cluster.dataDir)) !== undefined) await wait(10);
    },
    freeze: async () => void (await signal('SIGSTOP')),
    wake: async () => void (await signal('SIGCONT')),
  };
}

/** The server's process and its children; none where it does not run. */
async function processesOf({ dataDir }: Cluster): Promise<number[]> {
  if ((await runningPort(dataDir)) === undefined) return [];
  const pid = Number((await readFile(path.join(dataDir, 'postmaster.pid'), 'utf8')).split('\n')[0]);
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=']);
  const children = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  return [pid, ...children.filter(([, parent]) => parent === pid).map(([child = 0]) => child)];
}

function sendSignal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Copies a server that runs, as the user that it runs as, and makes a standby of the copy. */
async function copyRunning(from: Cluster, to: Cluster, primary: TestServer): Promise<void> {
  const client = new pg.Client({ connectionString: primary.url });
  await client.connect();
  try {
    await client.query(`select pg_backup_start('replica', fast => true)`);
    const asServer = (program: string, args: string[]) => promisify(execFile)(program, args, { ...to.account, cwd: '/' });
    await mkdir(to.dataDir, { recursive: true });
    if (to.account) await promisify(execFile)('chown', [`${to.account.uid}:${to.account.gid}`, to.dataDir]);
    const entries = await readdir(from.dataDir);
    const copied = entries.filter((name) => !LEFT_OUT.test(name)).map((name) => path.join(from.dataDir, name));
    await asServer('cp', ['-R', '-p', ...copied, to.dataDir]);
    const empty = entries.filter((name) => LEFT_OUT.test(name) && name.startsWith('pg_')).map((name) => path.join(to.dataDir, name));
    await asServer('mkdir', [...empty, path.join(to.dataDir, 'pg_wal/archive_status')]);
    await asServer('chmod', ['700', to.dataDir]);
    const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop(wait_for_archive => false)');
    await writeFile(path.join(to.dataDir, 'backup_label'), rows[0]?.labelfile ?? '', { mode: 0o644 });
    await writeFile(path.join(to.dataDir, 'standby.signal'), '', { mode: 0o644 });
    const origin = `host=127.0.0.1 port=${primary.port} user=convoy password=${PASSWORD}`;
    await appendFile(path.join(to.dataDir, 'postgresql.auto.conf'), `primary_conninfo = '${origin}'\n`);
    // Written by root, where that is who copies: the server renames the two when it has read them.
    const written = ['backup_label', 'standby.signal'].map((name) => path.join(to.dataDir, name));
    if (to.account) await promisify(execFile)('chown', [`${to.account.uid}:${to.account.gid}`, ...written]);
  } finally {
    await client.end();
  }
}

async function rowsOf<T extends pg.QueryResultRow>(url: string, text: string, values: unknown[] = []): Promise<T[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'convoy tests' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<T>(text, values)).rows;
  } finally {
    await client.end();
  }
}
