// The metrics of several processes as one. The library adds up what lives; what a process has counted must outlive it, or every restart
// would look like a drop: when one is gone, its last snapshot goes into the totals of all that are gone.

import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from 'prom-client';
import { createOperationLabels } from '../limits/operation-labels.ts';
import { inTurns } from './exposition.ts';
import { MAX_SERIES, UNNAMED } from './request-metrics.ts';

/** What a process has counted: `getMetricsAsJSON()` of its registry, as it comes over IPC. */
export type MetricsSnapshot = readonly MetricObjectWithValues<MetricValue<string> & { metricName?: string }>[];

type Labels = MetricValue<string>['labels'];

export type MetricsTotalsOptions = {
  /** Operations that are always told apart, as those of a manifest. Where there are any, all others are one. */
  knownOperations?: readonly string[];
  /** Gauges that only rise, as the largest so far: they outlive their process as counters do. Default none. */
  peaks?: readonly string[];
};

export type MetricsTotals = {
  /** Takes the newest snapshot of a process, which replaces the one before. Of one that was retired it takes none. */
  update(workerId: number, snapshot: MetricsSnapshot): void;
  /** Keeps what a process has counted that is gone; its gauges go with it. The last snapshot counts, also of one that was killed. */
  retire(workerId: number): void;
  /** Everything in the text format of Prometheus. `own`: a snapshot of whoever asks, which is kept nowhere. */
  text(own?: MetricsSnapshot): Promise<string>;
};

/** A message of a process may come after its end. */
const MAX_RETIRED = 1000;

/** Adds up snapshots over the lives of processes. What it keeps is bounded by the series, however many processes have come and gone. */
export function createMetricsTotals({ knownOperations, peaks = [] }: MetricsTotalsOptions = {}): MetricsTotals {
  const live = new Map<number, MetricsSnapshot>();
  const retired = new Set<number>();
  let departed: MetricsSnapshot = [];
  // Each process tells apart the names that it saw first, and bounds the series of its counters: together they may be many more.
  const { learn } = createOperationLabels(knownOperations);
  const series = new Map<string, Set<string>>();

  const lasts = ({ type, name }: MetricsSnapshot[number]) => ['counter', 'histogram'].includes(String(type)) || peaks.includes(name);
  /** A copy: a registry gives its values themselves. Numbers that are none, which JSON makes null, would spoil a sum. */
  const taken = (snapshot: MetricsSnapshot): MetricsSnapshot =>
    snapshot.map((metric) => ({
      ...metric,
      values: metric.values
        .filter(({ value }) => Number.isFinite(value))
        .map(({ value, labels, metricName }) => ({ value, metricName, labels: bounded(metric, labels) })),
    }));
  const bounded = ({ name, type }: MetricsSnapshot[number], labels: Labels): Labels => {
    if (labels.operation === undefined || UNNAMED.includes(labels.operation)) return labels;
    const told = { ...labels, operation: learn(String(labels.operation)) };
    return String(type) !== 'counter' || isTold(name, Object.values(told).join(' ')) ? told : { ...told, operation: 'other' };
  };
  const isTold = (name: string, key: string) => {
    const known = series.getOrInsertComputed(name, () => new Set());
    if (known.size < MAX_SERIES) known.add(key);
    return known.has(key);
  };

  return {
    update(workerId, snapshot) {
      if (!retired.has(workerId)) live.set(workerId, taken(snapshot));
    },
    retire(workerId) {
      retired.add(workerId);
      for (const first of retired) if (retired.size > MAX_RETIRED) retired.delete(first);
      const last = live.get(workerId);
      if (!live.delete(workerId) || !last) return;
      departed = sumOf([departed, last.filter(lasts)]).getMetricsAsArray() as unknown as MetricsSnapshot;
    },
    async text(own = []) {
      const all = [departed, ...live.values(), taken(own)];
      const names = new Set(all.flatMap((snapshot) => snapshot.map(({ name }) => name)));
      return await inTurns(names, (name) => sumOf(all.map((snapshot) => snapshot.filter((metric) => metric.name === name))).metrics());
    },
  };
}

/** By each metric's own rule. */
const sumOf = (snapshots: readonly MetricsSnapshot[]) => AggregatorRegistry.aggregate(snapshots as object[]);
