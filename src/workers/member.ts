// A worker process: it does what the primary says, and goes when the primary is gone.

import cluster from 'node:cluster';
import type { Config } from '../config.ts';
import { StartError } from '../errors.ts';
import type { SocketShare } from '../gateway/process/descriptor-budget.ts';
import { sentenceOf } from '../gateway/process/run-command.ts';
import { watchFailures } from '../gateway/process/watch-failures.ts';
import type { Log } from '../log.ts';
import type { ConnectionShare } from './connection-budget.ts';
import type { Farewell } from './fleet.ts';
import { ORPHAN_MS } from './former-starts.ts';
import { answerBeats } from './heartbeat.ts';
import { createIntake } from './intake.ts';
import { createPeer } from './peer.ts';
import { createSiblings } from './siblings.ts';

/** What a worker is told to start with. */
export type Orders = {
  databaseUrl: string;
  secretKeys: readonly string[];
  hasDemoUsers: boolean;
  migrations: readonly string[];
  share: ConnectionShare;
  sockets: SocketShare;
  /** What its connections to databases are called. */
  applicationName: string;
};

/**
 * The settings come from the primary, too: one that takes the place of another later must not read what has been written into files
 * meanwhile, which may be wrong, or half of what is wanted.
 */
export type WorkerOrders = Orders & { config: Config };

/** Waits for orders, and returns when the worker has ended. */
export async function runMember(logOf: (config: Config) => Log): Promise<void> {
  const primary = createPeer(process);
  const intake = createIntake(primary);
  const over = Promise.withResolvers<Farewell>();

  // Signals are for the primary: a terminal sends them to all of its processes.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  process.once('disconnect', () => {
    over.resolve({ isHurried: false, isReplaced: false });
    // Nobody is there to kill it, and the next start waits for its connections.
    setTimeout(() => process.exit(1), ORPHAN_MS).unref();
  });
  primary.on('drain', over.resolve);

  // Where this code does not load, the primary hears why as the answer to its order.
  const loading = import('../worker.ts');
  loading.catch(() => undefined);
  const orders = Promise.withResolvers<WorkerOrders>();
  const started = orders.promise.then(async ({ config, ...given }) => {
    const log = logOf(config);
    process.once('disconnect', () => log.warn('the primary is gone: this worker finishes what it has begun, and ends'));
    answerBeats(primary);
    const siblings = createSiblings(primary);
    try {
      const { startWorker } = await loading;
      const worker = await startWorker({ config, log, ...given, siblings, onConnectionClose: intake.onClose });
      siblings.onAskedForFigures(worker.figures);
      watchFailures(log);
      return worker;
    } catch (error) {
      const sentence = sentenceOf(error);
      if (sentence !== undefined) throw new StartError(sentence);
      // The primary is told the message alone.
      console.error(error);
      throw error;
    }
  });
  primary.on('start', async (given: WorkerOrders) => {
    orders.resolve(given);
    intake.start((await started).connections);
    // Until now, node:cluster lets it exit at once when the primary is gone; from now on that would be with requests under way.
    if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;
  });

  const how = await over.promise;
  // Without orders it has not begun; a start that failed has closed what it had opened.
  orders.reject(new Error('The gateway stops.'));
  const worker = await started.catch(() => undefined);
  await worker?.close(how);
}
