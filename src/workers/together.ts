import cluster from 'node:cluster';
import { once } from 'node:events';
import type { Config } from '../config.ts';
import { StartError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Running } from '../primary.ts';
import { createMemoryStore } from '../rate-limit/memory-store.ts';
import { createDistributor } from './distributor.ts';
import { type Fleet, type Member, startFleet } from './fleet.ts';
import { createFleetMetrics } from './fleet-metrics.ts';
import type { Orders } from './member.ts';
import { createPeer } from './peer.ts';
import { createSwitchboard } from './switchboard.ts';

/** How long a worker may take to start. */
const START_MS = 60_000;
/** How long one may take to drain: its requests have 25 s, its connections to databases and Redis some more. */
const DRAIN_MS = 30_000;

/** Answers requests in processes of their own. `onGone`: ends what a worker that is gone may have left at the databases, by its name. */
export async function startTogether(config: Config, orders: Orders, onGone: (name: string) => Promise<void>, log: Log): Promise<Running> {
  const distributor = createDistributor({ maxConnections: config.workerConnections });
  const switchboard = createSwitchboard(createMemoryStore());
  let fleet: Fleet | undefined;
  const metrics = createFleetMetrics(() => ({
    running: fleet?.running ?? 0,
    losses: fleet?.losses ?? 0,
    budget: config.databaseConnections,
  }));
  const nameOf = (slot: number) => `${orders.applicationName}/${slot}`;

  function start(slot: number): Member {
    const worker = cluster.fork();
    const peer = createPeer(worker.process);
    let stopTaking = () => {};
    const ended = once(worker.process, 'exit').then(([code, signal]) => {
      distributor.remove(worker.id);
      switchboard.remove(worker.id);
      metrics.remove(worker.id);
      return signal ?? `exit code ${code}`;
    });
    const ready = peer.ask<void>('start', { ...orders, applicationName: nameOf(slot) } satisfies Orders, START_MS).then(() => {
      switchboard.add(worker.id, worker.process, peer);
      metrics.add(worker.id, peer);
      stopTaking = distributor.add(worker.id, peer);
    });
    return {
      ready,
      ended,
      drain(options) {
        stopTaking();
        peer.tell('drain', options);
      },
      kill: () => void worker.process.kill('SIGKILL'),
    };
  }

  const port = await distributor.listen(config.port, config.host);
  const started = await startFleet({
    size: config.maxWorkers,
    start,
    onEnd: (slot) => onGone(nameOf(slot)),
    drainMs: DRAIN_MS,
    log,
  }).catch((error) => {
    distributor.close();
    throw new StartError(error.message);
  });
  fleet = started;
  return {
    port,
    roll: started.roll,
    close: async (options) => {
      distributor.close();
      await started.stop(options);
    },
  };
}
