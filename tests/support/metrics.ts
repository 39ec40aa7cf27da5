import { EventEmitter } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { readSamples } from '../../src/limits/suggestions.ts';
import { watchProcess } from '../../src/metrics/process-metrics.ts';
import { watchReplicas } from '../../src/metrics/replica-metrics.ts';
import { watchWorkers } from '../../src/metrics/worker-metrics.ts';
import { createMetrics } from '../../src/metrics.ts';
import { useExecutionMetrics } from '../../src/plugins/use-execution-metrics.ts';

export const metricsUrl = (url: string) => `${new URL(url).origin}/metrics`;

/** The metrics of a gateway: the text, and each sample's value by its name and its labels in their order, as `name a b`. */
export async function scrape({ url }: { url: string }) {
  const text = await (await fetch(metricsUrl(url))).text();
  const samples = readSamples(text);
  const values = new Map(samples.map(({ name, labels, value }) => [[name, ...Object.values(labels)].join(' '), value]));
  return { text, samples, of: (key: string) => values.get(key) };
}

/** What `work` adds to counters: those of a metric that have grown, by their labels. */
export async function growthOf(gateway: { url: string }, metric: string, work: () => Promise<unknown>): Promise<Record<string, number>> {
  const read = async () =>
    (await scrape(gateway)).samples
      .filter(({ name }) => name === metric)
      .map(({ labels, value }) => [Object.values(labels).join(' '), value] as const);
  const before = new Map(await read());
  await work();
  // A request ends when its connection has taken the answer, and its client may read it before.
  await wait(50);
  return Object.fromEntries((await read()).map(([key, value]) => [key, value - (before.get(key) ?? 0)]).filter(([, by]) => by !== 0));
}

/** A registry with every metric that any process may show. */
export function everyMetric(): Registry {
  const metrics = createMetrics();
  const pool = Object.assign(new EventEmitter(), { totalCount: 0, idleCount: 0, waitingCount: 0, options: { max: 1 } });
  metrics.watchPool('primary', pool);
  watchWorkers(metrics.registry, () => ({ running: 1, losses: 0, budget: 1 }));
  watchReplicas(metrics.registry, () => []);
  metrics.watchConnections(async () => 0);
  metrics.watchPressure(() => 0);
  metrics.watchResponses(() => ({ responses: 0, bytes: 0 }));
  useExecutionMetrics(metrics.registry);
  watchProcess(metrics.registry).close();
  return metrics.registry;
}
