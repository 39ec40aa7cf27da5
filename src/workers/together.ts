import cluster from 'node:cluster';
import type { Config } from '../config.ts';
import { StartError } from '../errors.ts';
import { createCors } from '../http/cors.ts';
import type { Log } from '../log.ts';
import { createMemoryDocumentStore } from '../persisted/memory-document-store.ts';
import type { Running } from '../primary.ts';
import { createMemoryStore } from '../rate-limit/memory-store.ts';
import { createDistributor } from './distributor.ts';
import { type Fleet, type Member, startFleet } from './fleet.ts';
import { createFleetMetrics } from './fleet-metrics.ts';
import { watchBeats } from './heartbeat.ts';
import type { Orders, WorkerOrders } from './member.ts';
import { createPeer } from './peer.ts';
import { createSwitchboard } from './switchboard.ts';

/** How long a worker may take to start. */
const START_MS = 60_000;
/** How long one may take to drain: its requests have 25 s, its connections to databases and Redis some more. */
const DRAIN_MS = 30_000;

export type TogetherOptions = {
  /** Ends what a worker that is gone may have left at the databases, by its name. Never rejects. */
  onGone: (name: string) => Promise<void>;
  /** See FleetOptions. */
  leftovers: readonly Promise<void>[];
  /** How long a worker may be silent until it is killed and replaced, in milliseconds. Default 30000. */
  silenceMs?: number;
};

/** Answers requests in processes of their own. */
export async function startTogether(config: Config, orders: Orders, options: TogetherOptions, log: Log): Promise<Running> {
  const { onGone, leftovers, silenceMs = 30_000 } = options;
  let fleet: Fleet | undefined;
  const distributor = createDistributor(orders.sockets, createCors(config.corsOrigins), log);
  const switchboard = createSwitchboard({
    store: createMemoryStore(),
    documents: createMemoryDocumentStore(),
    count: () => ({ workers: fleet?.running ?? 0, connections: distributor.open }),
  });
  const metrics = createFleetMetrics(() => ({
    running: fleet?.running ?? 0,
    losses: fleet?.losses ?? 0,
    budget: config.databaseConnections,
  }));

  function start(slot: number): Member {
    const worker = cluster.fork();
    const name = `${orders.applicationName}/${worker.process.pid}`;
    const peer = createPeer(worker.process);
    let stopTaking = () => {};
    let stopWatching = () => {};
    // No process could be made, for want of memory or because the program is just being replaced. Unheard, it would end this one.
    let failure: Error | undefined;
    worker.on('error', (error) => {
      failure = error;
    });
    // Not when it exits: what it has said before may not have been read yet, as which connections it has taken.
    const closed = new Promise<string>((resolve) => {
      worker.process.once('close', (code, signal) => resolve(failure?.message ?? signal ?? `exit code ${code}`));
    });
    const ended = closed.then((how) => {
      stopWatching();
      distributor.remove(worker.id);
      switchboard.remove(worker.id);
      metrics.remove(worker.id);
      return how;
    });
    const given: WorkerOrders = { ...orders, config, applicationName: name };
    const ready = peer.ask<void>('start', given, START_MS).then(
      () => {
        switchboard.add(worker.id, worker.process, peer);
        metrics.add(worker.id, peer);
        stopTaking = distributor.add(worker.id, peer);
        stopWatching = watchBeats(peer, silenceMs, () => {
          log.error({ slot, silenceMs }, 'a worker gives no sign of life: it is killed');
          worker.process.kill('SIGKILL');
        });
      },
      async (error) => {
        // What it has not said itself.
        if (!worker.process.connected) throw new Error(`A worker has ended before it was ready (${await ended}).`);
        throw error;
      },
    );
    return {
      ready,
      ended,
      drain(how) {
        stopTaking();
        peer.tell('drain', how);
      },
      kill: () => void worker.process.kill('SIGKILL'),
      cleanUp: () => onGone(name),
    };
  }

  fleet = await startFleet({ size: config.maxWorkers, start, leftovers, drainMs: DRAIN_MS, log }).catch((error) => {
    throw new StartError((error as Error).message);
  });
  const { roll, stop } = fleet;
  // Not before: who comes while no worker is ready would wait for one, though a proxy has other gateways that could answer.
  const port = await distributor.listen(config.port, config.host).catch(async (error) => {
    await stop({ isHurried: true });
    throw error;
  });
  return {
    port,
    roll,
    close: async (how) => {
      await distributor.stop();
      await stop(how);
    },
  };
}
