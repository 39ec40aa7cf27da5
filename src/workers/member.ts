// A worker process: it does what the primary says, and goes when the primary is gone.

import cluster from 'node:cluster';
import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import { startWorker } from '../worker.ts';
import type { ConnectionShare } from './connection-budget.ts';
import { createIntake } from './intake.ts';
import { createPeer } from './peer.ts';
import { createSiblings } from './siblings.ts';

/** What a worker is told to start with; the rest are the settings, which it reads itself. */
export type Orders = {
  databaseUrl: string;
  secretKeys: readonly string[];
  hasDemoUsers: boolean;
  migrations: readonly string[];
  share: ConnectionShare;
  /** What its connections to databases are called. */
  applicationName: string;
};

/** Waits for orders, and returns when the worker has ended. */
export async function runMember(config: Config, log: Log): Promise<void> {
  const primary = createPeer(process);
  const intake = createIntake(primary);
  const over = Promise.withResolvers<{ isHurried: boolean }>();

  // Signals are for the primary: a terminal sends them to all of its processes.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  // node:cluster would exit at once, with requests under way.
  if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;
  process.once('disconnect', () => {
    log.warn('the primary is gone: this worker finishes what it has begun, and ends');
    over.resolve({ isHurried: false });
  });
  primary.on('drain', over.resolve);

  const orders = Promise.withResolvers<Orders>();
  const started = orders.promise.then((given) =>
    startWorker({ config, log, ...given, siblings: createSiblings(primary), onConnectionClose: intake.onClose }),
  );
  primary.on('start', async (given: Orders) => {
    orders.resolve(given);
    intake.start((await started).connections);
  });

  const how = await over.promise;
  // Without orders it has not begun; a start that failed has closed what it had opened.
  orders.reject(new Error('The gateway stops.'));
  const worker = await started.catch(() => undefined);
  await worker?.close(how);
}
