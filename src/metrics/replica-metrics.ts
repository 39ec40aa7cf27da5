import { Counter, Gauge, type Registry } from 'prom-client';

/** How a replica stands. `lagMs`: how old its data is; undefined where nobody knows. `fallbacks`: statements that the primary has run in its place. */
export type ReplicaFigures = { name: string; isIn: boolean; lagMs: number | undefined; fallbacks: number };

/** Shows how replicas stand, as `states` tells it when it is asked. Of several processes the worst counts. */
export function watchReplicas(registry: Registry, states: () => readonly ReplicaFigures[]): void {
  const labelNames = ['replica'] as const;
  const registers = [registry];
  new Gauge({
    name: 'convoy_replica_up',
    help: '1 while a replica is read; 0 where it does not answer, is too far behind, or is no replica.',
    labelNames,
    registers,
    aggregator: 'min',
    collect() {
      for (const { name, isIn } of states()) this.set({ replica: name }, isIn ? 1 : 0);
    },
  });
  new Gauge({
    name: 'convoy_replica_lag_seconds',
    help: 'How old the data of a replica is.',
    labelNames,
    registers,
    aggregator: 'max',
    collect() {
      for (const { name, lagMs } of states()) if (lagMs !== undefined) this.set({ replica: name }, lagMs / 1000);
    },
  });
  new Counter({
    name: 'convoy_replica_fallbacks_total',
    help: 'Statements that the primary has run because a replica had failed at them.',
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const { name, fallbacks } of states()) this.inc({ replica: name }, fallbacks);
    },
  });
}
