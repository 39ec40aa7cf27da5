// The processes of a PostgreSQL that may be stopped, killed and held, and start again on the same port.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import type pg from 'pg';
import { type Cluster, runningPort, startServer, stopServer } from '../src/resources/embedded-cluster.ts';
import { freePort } from '../src/resources/free-port.ts';
import { connectTo, rowsOf } from './rows.ts';

/** The user convoy's, of every server that lives for a run. */
export const PASSWORD = 'of-servers-that-live-for-a-run';
const START_MS = 30_000;

/**
 * Processes are killed and not the machine: nothing needs fsync. Shared memory goes with the folder of its files: what is killed
 * removes none.
 */
const SETTINGS = ['fsync=off', 'full_page_writes=off', 'dynamic_shared_memory_type=mmap'];

export type PostgresProcess = Awaited<ReturnType<typeof createPostgresProcess>>;

/** The server of a cluster, which does not run yet. `settings`: as `name=value`. */
export async function createPostgresProcess(cluster: Cluster, settings: readonly string[]) {
  const port = await freePort();
  const urlTo = (database: string) => `postgresql://convoy:${PASSWORD}@127.0.0.1:${port}/${database}`;
  const url = urlTo('convoy');
  const postmaster = () => Number(readFileSync(path.join(cluster.dataDir, 'postmaster.pid'), 'utf8').split('\n')[0]);
  /** Whoever starts it anew would find the dead one's file, and take it for running as long as nobody has reaped it. */
  const untilGone = async () => {
    while ((await runningPort(cluster.dataDir)) !== undefined) await wait(10);
  };
  /** Its process and its children; none where it does not run. */
  const processes = async (): Promise<number[]> => {
    if ((await runningPort(cluster.dataDir)) === undefined) return [];
    const first = postmaster();
    const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=']);
    const all = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
    return [first, ...all.filter(([, parent]) => parent === first).map(([child = 0]) => child)];
  };
  const signal = async (name: NodeJS.Signals) => {
    for (const pid of await processes()) sendSignal(pid, name);
  };
  return {
    port,
    /** Its database `convoy`, as a superuser. */
    url,
    urlTo,
    /** Runs one statement over a connection of its own. */
    rows: <T extends pg.QueryResultRow>(text: string, values: unknown[] = []) => rowsOf<T>(url, text, values),
    /** A connection, as a superuser. */
    connect: () => connectTo(url),
    /** One that runs already is no fault. */
    start: async () => {
      // Processes of a server that was killed may be about to end: a new one does not start beside them.
      for (const end = Date.now() + START_MS; ; await wait(100)) {
        try {
          if ((await runningPort(cluster.dataDir)) !== undefined) return;
          return await startServer(cluster, port, [...SETTINGS, ...settings]);
        } catch (error) {
          if (Date.now() > end) throw error;
        }
      }
    },
    /** Stops it as its operator does in haste: connections are ended. */
    stop: () => stopServer(cluster),
    /** Kills all of its processes. */
    kill: async () => {
      await signal('SIGKILL');
      await untilGone();
    },
    /** Kills its first process; the others notice, and end. */
    killFirst: async () => {
      process.kill(postmaster(), 'SIGKILL');
      await untilGone();
    },
    /** Ends it at once, without waiting for that. */
    abort: () => {
      try {
        process.kill(postmaster(), 'SIGQUIT');
      } catch {
        // It does not run.
      }
    },
    /** Makes it silent without closing anything, until `wake`. */
    freeze: () => signal('SIGSTOP'),
    wake: () => signal('SIGCONT'),
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
  };
}

function sendSignal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
