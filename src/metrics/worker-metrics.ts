import { Counter, Gauge, type Registry } from 'prom-client';

/** Workers that run, how many have been replaced after an end that nobody ordered, and the connections that all may have. */
export type WorkerFigures = { running: number; losses: number; budget: number };

/** Shows the workers of a start, as `figures` tells it when it is asked. */
export function watchWorkers(registry: Registry, figures: () => WorkerFigures): void {
  const registers = [registry];
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
    help: 'Workers that have ended unasked and were replaced.',
    registers,
    collect() {
      this.reset();
      this.inc(figures().losses);
    },
  });
  new Gauge({
    name: 'convoy_database_connections_budget',
    help: 'Connections to databases that all processes of a start may have together.',
    registers,
    aggregator: 'max',
    collect() {
      this.set(figures().budget);
    },
  });
}
