import { Counter, Gauge, Registry } from 'prom-client';
import { createMetricsTotals, type MetricsSnapshot } from '../metrics/merge.ts';
import { watchProcess } from '../metrics/process-metrics.ts';
import { PEAKS } from '../metrics.ts';
import type { Peer } from './peer.ts';

/** How long a worker may take to send its figures: of one that is slower the last ones count. */
const TIMEOUT_MS = 1000;

export type FleetFigures = { running: number; losses: number; budget: number };

/** The figures of all workers as one, with those of the primary. `figures`: of the fleet, when they are read. */
export function createFleetMetrics(figures: () => FleetFigures) {
  const totals = createMetricsTotals({ peaks: PEAKS });
  const peers = new Map<number, Peer>();
  const registry = new Registry();
  const registers = [registry];
  watchProcess(registry);
  new Gauge({
    name: 'convoy_workers',
    help: 'Workers that take requests.',
    registers,
    collect() {
      this.set(figures().running);
    },
  });
  new Counter({
    name: 'convoy_worker_restarts_total',
    help: 'Workers that have ended and were replaced.',
    registers,
    collect() {
      this.reset();
      this.inc(figures().losses);
    },
  });
  new Gauge({
    name: 'convoy_database_connections_budget',
    help: 'Connections to databases that all processes may have together.',
    registers,
    collect() {
      this.set(figures().budget);
    },
  });

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
