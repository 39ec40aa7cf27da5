// A primary of one's own with real streaming replicas, for tests, loads and chaos. The replicas are made
// by PostgreSQL's low-level backup API, as the embedded package has no pg_basebackup.

import { execFile } from 'node:child_process';
import { appendFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Cluster } from '../src/resources/embedded-cluster.ts';
import { createPostgresProcess, PASSWORD, type PostgresProcess } from './postgres-process.ts';
import { openPostgresServer, type PostgresServer } from './postgres-server.ts';

/** What a replica misses while it is down is kept for it, and nothing is written that no client writes. */
const QUICK = ['shared_buffers=32MB', 'autovacuum=off', 'bgwriter_delay=10s', 'wal_keep_size=512MB', 'max_wal_size=1GB'];
const OF_REPLICAS = ['wal_retrieve_retry_interval=100ms'];
/** What a copy of a running server's folder leaves out: https://www.postgresql.org/docs/18/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP-DATA. */
const LEFT_OUT = /^(pg_wal|pg_replslot|postmaster\.(pid|opts)|server\.log|pg_(dynshmem|notify|serial|snapshots|stat_tmp|subtrans))$/;

export type ReplicaServersOptions = {
  /** Settings of each replica, as `name=value`, such as `recovery_min_apply_delay=2s`. Default one replica without any. */
  replicas?: readonly (readonly string[])[];
  /** Demo data at this scale. Default 0.01. */
  seedScale?: number;
};

/** Starts a seeded primary and its replicas, which have caught up. `close` ends all and removes their files. */
export async function startReplicaServers({ replicas: settings = [[]], seedScale }: ReplicaServersOptions = {}) {
  const primary = await openPostgresServer({ settings: QUICK, seedScale });
  const replicas: PostgresProcess[] = [];
  const abort = () => {
    for (const replica of replicas) replica.abort();
  };
  process.once('exit', abort);
  const close = async () => {
    for (const server of [...replicas.toReversed(), primary]) await server.kill();
    process.off('exit', abort);
    await primary.close();
  };
  try {
    for (const [i, own] of settings.entries()) {
      const copy = { ...primary.cluster, dataDir: path.join(primary.cluster.dir, `replica-${i + 1}`) };
      await copyRunning(primary, copy);
      const replica = await createPostgresProcess(copy, [...QUICK, ...OF_REPLICAS, ...own]);
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
export async function untilReplayed(primary: PostgresProcess, replica: PostgresProcess, timeoutMs = 15_000): Promise<void> {
  // A commit, so that whatever precedes it is flushed.
  const [row] = await primary.rows<{ lsn: string }>('select pg_logical_emit_message(true, $1, $1)::text as lsn', ['convoy']);
  for (const end = Date.now() + timeoutMs; Date.now() < end; await wait(20)) {
    const [found] = await replica.rows<{ isThere: boolean }>('select pg_last_wal_replay_lsn() >= $1::pg_lsn as "isThere"', [row?.lsn]);
    if (found?.isThere) return;
  }
  throw new Error(`The replica on port ${replica.port} has not caught up.`);
}

/** Copies a server that runs, as the user that it runs as, and makes a standby of the copy. */
async function copyRunning(primary: PostgresServer, to: Cluster): Promise<void> {
  const from = primary.cluster;
  const client = await primary.connect();
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
