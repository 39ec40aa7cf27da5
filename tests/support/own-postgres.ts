import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { inject } from 'vitest';
import { seed } from '../../prisma/seed/seed.ts';
import { createLog } from '../../src/log.ts';
import { createCluster, findCluster, runningPort, startServer, stopServer } from '../../src/resources/embedded-cluster.ts';
import { freePort } from '../../src/resources/free-port.ts';
import { applyMigrations } from '../../src/resources/migrations.ts';
import { rowsOf, SEEDED_SCALE } from './database.ts';

const PASSWORD = 'own';

/** A PostgreSQL that tests may stop, kill and start again on the same port, with the demo data. `close` removes all of it. */
export async function openOwnPostgres() {
  const asked = path.resolve(import.meta.dirname, `../../.convoy/embedded-test-own-${process.pid}-${inject('runId')}`);
  const cluster = await findCluster({ dir: asked, mayMove: true, log: createLog({ level: 'silent' }) });
  await createCluster(cluster, PASSWORD);
  const port = await freePort();
  /** Processes of a server that was killed may be about to end: it does not start beside them. */
  const start = async () => {
    for (let tries = 1; ; tries++) {
      try {
        return await startServer(cluster, port, []);
      } catch (error) {
        if (tries === 20) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  };
  const stop = () => stopServer(cluster);
  await start();
  const url = `postgresql://convoy:${PASSWORD}@127.0.0.1:${port}/convoy`;
  await rowsOf(url.replace(/convoy$/, 'postgres'), 'create database convoy');
  await applyMigrations(url);
  await seed(url, { scale: SEEDED_SCALE });
  const postmaster = async () => Number((await readFile(path.join(cluster.dataDir, 'postmaster.pid'), 'utf8')).split('\n')[0]);
  return {
    url,
    start,
    /** Ends all connections, cleanly for the data. */
    stop,
    /** Kills the process of a connection: the server ends all others, and recovers by itself. */
    crash: async (pid: number) => void process.kill(pid, 'SIGKILL'),
    /** Kills its first process: the others notice, and end. */
    kill: async () => {
      process.kill(await postmaster(), 'SIGKILL');
      // The new one finds the dead one's file, and would take it for running as long as nobody has reaped it.
      while ((await runningPort(cluster.dataDir)) !== undefined) await new Promise((resolve) => setTimeout(resolve, 10));
    },
    close: async () => {
      await stop();
      for (const folder of new Set([asked, cluster.dir])) await rm(folder, { recursive: true, force: true });
    },
  };
}
