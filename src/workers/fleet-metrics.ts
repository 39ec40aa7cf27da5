import { Registry } from 'prom-client';
import { createMetricsTotals, type MetricsSnapshot } from '../metrics/merge.ts';
import { watchProcess } from '../metrics/process-metrics.ts';
import { type WorkerFigures, watchWorkers } from '../metrics/worker-metrics.ts';
import { PEAKS } from '../metrics.ts';
import type { Peer } from './peer.ts';

/** How long a worker may take to send its figures: of one that is slower the last ones count. */
const TIMEOUT_MS = 1000;

/** The figures of all workers as one, with those of the primary. `figures`: of the fleet, when they are read. */
export function createFleetMetrics(figures: () => WorkerFigures) {
  const totals = createMetricsTotals({ peaks: PEAKS });
  const peers = new Map<number, Peer>();
  const registry = new Registry();
  watchProcess(registry);
  watchWorkers(registry, figures);

  /** The newest of all, in the text format of Prometheus. */
  async function read(): Promise<string> {
    const asking = Array.from(peers, async ([id, peer]) =>
      totals.update(id, await peer.ask<MetricsSnapshot>('snapshot', undefined, TIMEOUT_MS)),
    );
    await Promise.allSettled(asking);
    return await totals.text((await registry.getMetricsAsJSON()) as MetricsSnapshot);
  }

  return {
    add(id: number, peer: Peer): void {
      peers.set(id, peer);
      // What it has counted until now and then, so that little is lost with one that is killed.
      peer.on('metrics', (snapshot: MetricsSnapshot) => totals.update(id, snapshot));
      peer.on('read metrics', read);
    },
    remove(id: number): void {
      peers.delete(id);
      totals.retire(id);
    },
  };
}
