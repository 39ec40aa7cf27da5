// The metrics of several workers as one text, over their restarts.

import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { readSamples, suggest } from '../src/limits/suggestions.ts';
import { createMetricsTotals, type MetricsTotals } from '../src/metrics/merge.ts';
import { createMetrics, PEAKS } from '../src/metrics.ts';
import { createRandom } from './support/batching.ts';
import { times } from './support/protection.ts';

/** What a worker has; its snapshot comes as it does over IPC. */
function aWorker() {
  const registers = [new Registry()] as const;
  const labelNames = ['operation'] as const;
  const metrics = {
    done: new Counter({ name: 'done_total', help: 'Done.', labelNames, registers: [...registers] }),
    took: new Histogram({ name: 'took_seconds', help: 'Took.', labelNames, buckets: [1, 2], registers: [...registers] }),
    open: new Gauge({ name: 'open_things', help: 'Open.', registers: [...registers] }),
    late: new Gauge({ name: 'late_seconds', help: 'Late.', registers: [...registers], aggregator: 'max' }),
    largest: new Gauge({ name: 'largest', help: 'Largest.', labelNames, registers: [...registers], aggregator: 'max' }),
  };
  return { ...metrics, snapshot: async () => JSON.parse(JSON.stringify(await registers[0].getMetricsAsJSON())) };
}

/** The samples of a text, as `name{label="value"}`. */
async function valuesIn(totals: MetricsTotals): Promise<Record<string, number>> {
  const samples = readSamples(await totals.text()).map(({ name, labels, value }) => [
    `${name}{${Object.entries(labels).map(([label, is]) => `${label}=${is}`)}}`,
    value,
  ]);
  expect(new Set(samples.map(([name]) => name)).size).toBe(samples.length);
  return Object.fromEntries(samples);
}

test('counters and histograms of workers add up, and each gauge follows its own rule', async () => {
  const totals = createMetricsTotals();
  const [a, b] = [aWorker(), aWorker()];
  a.done.inc({ operation: 'A' }, 3);
  b.done.inc({ operation: 'A' }, 4);
  b.done.inc({ operation: 'B' }, 1);
  for (const seconds of [0.5, 1.5]) a.took.observe({ operation: 'A' }, seconds);
  for (const seconds of [0.5, 9]) b.took.observe({ operation: 'A' }, seconds);
  a.open.set(2);
  b.open.set(5);
  a.late.set(0.3);
  b.late.set(0.1);
  totals.update(1, await a.snapshot());
  totals.update(2, await b.snapshot());
  expect(await valuesIn(totals)).toEqual({
    'done_total{operation=A}': 7,
    'done_total{operation=B}': 1,
    'took_seconds_bucket{le=1,operation=A}': 2,
    'took_seconds_bucket{le=2,operation=A}': 3,
    'took_seconds_bucket{le=+Inf,operation=A}': 4,
    'took_seconds_sum{operation=A}': 11.5,
    'took_seconds_count{operation=A}': 4,
    'open_things{}': 7,
    'late_seconds{}': 0.3,
  });
});

test('a worker that is gone leaves what it counted at its last snapshot, and takes its gauges with it', async () => {
  const totals = createMetricsTotals({ peaks: ['largest'] });
  const [a, b] = [aWorker(), aWorker()];
  a.done.inc({ operation: 'A' }, 3);
  a.took.observe({ operation: 'A' }, 0.5);
  a.open.set(9);
  a.late.set(9);
  a.largest.set({ operation: 'A' }, 70);
  const last = await a.snapshot();
  totals.update(1, last);
  // Killed before it could tell.
  a.done.inc({ operation: 'A' }, 100);
  b.done.inc({ operation: 'A' }, 1);
  b.open.set(2);
  b.largest.set({ operation: 'A' }, 5);
  totals.update(2, await b.snapshot());
  totals.retire(1);
  const values = await valuesIn(totals);
  expect(values).toMatchObject({ 'done_total{operation=A}': 4, 'took_seconds_count{operation=A}': 1, 'open_things{}': 2 });
  expect(values).toMatchObject({ 'late_seconds{}': 0, 'largest{operation=A}': 70 });
  // What it has sent comes once more, after its end, and its end is told twice.
  totals.update(1, last);
  totals.retire(1);
  expect(await valuesIn(totals)).toEqual(values);
  totals.retire(2);
  expect(await valuesIn(totals)).toMatchObject({ 'done_total{operation=A}': 4, 'largest{operation=A}': 70 });
  expect(await valuesIn(totals)).not.toHaveProperty('open_things{}');
});

test('over hundreds of restarts no counter ever goes back, and what is kept grows with the series alone', async () => {
  const { below } = createRandom(7);
  const totals = createMetricsTotals();
  const counted = new Map<string, number>();
  const live = new Map<number, ReturnType<typeof aWorker>>();
  let before: Record<string, number> = {};
  let nextId = 1;
  const lengths: number[] = [];
  for (let step = 0; step < 600; step++) {
    if (live.size < 4) live.set(nextId++, aWorker());
    const [id, worker] = [...live][below(live.size)] as [number, ReturnType<typeof aWorker>];
    const operation = `Op${below(5)}`;
    worker.done.inc({ operation });
    worker.took.observe({ operation }, below(30) / 10);
    counted.set(operation, (counted.get(operation) ?? 0) + 1);
    totals.update(id, await worker.snapshot());
    if (below(2) === 0) {
      totals.retire(id);
      live.delete(id);
    }
    if (step % 10 > 0) continue;
    const values = await valuesIn(totals);
    for (const [name, value] of Object.entries(before)) expect([name, (values[name] ?? 0) >= value]).toEqual([name, true]);
    before = Object.fromEntries(Object.entries(values).filter(([name]) => !/^(open|late|largest)/.test(name)));
    lengths.push(Object.keys(before).length);
  }
  expect(nextId).toBeGreaterThan(250);
  const values = await valuesIn(totals);
  for (const [operation, count] of counted)
    expect([values[`done_total{operation=${operation}}`], values[`took_seconds_count{operation=${operation}}`]]).toEqual([count, count]);
  expect(Math.max(...lengths)).toBe(5 + 5 * 5);
});

test('names that each worker saw first are together no more than one worker may tell apart', async () => {
  const totals = createMetricsTotals();
  for (let id = 1; id <= 20; id++) {
    const worker = aWorker();
    for (let i = 0; i < 200; i++) worker.done.inc({ operation: `Made_up_${id}_${i}` });
    worker.done.inc({ operation: 'other' }, 10);
    worker.done.inc({ operation: 'anonymous' });
    totals.update(id, await worker.snapshot());
    if (id % 2 === 0) totals.retire(id);
  }
  const values = await valuesIn(totals);
  const operations = Object.entries(values).filter(([name]) => name.startsWith('done_total'));
  expect(operations).toHaveLength(202);
  expect(values['done_total{operation=other}']).toBe(20 * 200 - 200 + 200);
  expect(operations.reduce((sum, [, value]) => sum + value, 0)).toBe(20 * 211);

  const known = createMetricsTotals({ knownOperations: ['Known'] });
  const worker = aWorker();
  for (const operation of ['Known', 'Unknown', 'Unheard', 'none', 'several']) worker.done.inc({ operation });
  known.update(1, await worker.snapshot());
  const told = Object.entries(await valuesIn(known)).filter(([name]) => name.startsWith('done_total'));
  expect(told.map(([name, value]) => [name.slice(21, -1), value])).toEqual([
    ['Known', 1],
    ['other', 2],
    ['none', 1],
    ['several', 1],
  ]);
});

test('what is no number on its way from a worker spoils no sum', async () => {
  const totals = createMetricsTotals();
  const [a, b] = [aWorker(), aWorker()];
  a.open.set(Number.NaN);
  b.open.set(3);
  totals.update(1, await a.snapshot());
  totals.update(2, await b.snapshot());
  expect(await valuesIn(totals)).toMatchObject({ 'open_things{}': 3 });
  // That of whoever asks has come over no wire.
  const registry = new Registry();
  new Gauge({ name: 'open_things', help: 'Open.', registers: [registry] }).set(Number.NaN);
  const text = await totals.text(await registry.getMetricsAsJSON());
  expect(text).toContain('open_things 3');
  expect(text).not.toMatch(/null|nan/i);
});

test('a text holds what its reader counts too, and the reader keeps counting', async () => {
  const totals = createMetricsTotals();
  const [worker, primary] = [aWorker(), aWorker()];
  worker.done.inc({ operation: 'A' }, 2);
  primary.done.inc({ operation: 'A' }, 1);
  totals.update(1, await worker.snapshot());
  for (let i = 0; i < 2; i++)
    expect(readSamples(await totals.text(await primary.snapshot())).find(({ name }) => name === 'done_total')?.value).toBe(3);
});

test('limits are suggested from the merged text of real workers, from the largest that any of them has seen, also one that is gone', async () => {
  const totals = createMetricsTotals({ peaks: PEAKS });
  const figures = { cost: 10, depth: 4, aliases: 2, rootFields: 1, directives: 0, tokens: 40 };
  const workers = times(3, () => createMetrics());
  for (const [i, { operations, registry }] of workers.entries()) {
    operations.add('Page', { ...figures, cost: 1000 - 400 * i });
    operations.addUsage('minute', 100 - 40 * i);
    totals.update(i, JSON.parse(JSON.stringify(await registry.getMetricsAsJSON())));
  }
  totals.retire(0);
  const text = suggest(readSamples(await totals.text()));
  expect(text).toMatch(/^Page +3 +1000 +4 +2 +1 +0 +40$/m);
  expect(text).toContain('MAX_COST=1300\n');
  expect(text).toContain('RATE_LIMIT_PER_MINUTE=130');
});
