// What a process shows of itself: memory, CPU, garbage, how late its event loop is.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Registry } from 'prom-client';
import { expect, onTestFinished, test } from 'vitest';
import { readSamples } from '../src/limits/suggestions.ts';
import { createMetricsTotals, type MetricsSnapshot } from '../src/metrics/merge.ts';
import { watchProcess } from '../src/metrics/process-metrics.ts';
import { until } from './support/batching.ts';
import { createDatabase } from './support/database.ts';
import { SECRET_KEY, startGateway } from './support/gateway.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

test('a late event loop is seen by everybody who reads the metrics, however often others read them', async () => {
  const registry = new Registry();
  const { close } = watchProcess(registry);
  onTestFinished(close);
  const delayOf = async (figure: string) => {
    const found = readSamples(await registry.getSingleMetricAsString('convoy_event_loop_delay_seconds'));
    return found.find(({ labels }) => labels.figure === figure)?.value ?? Number.NaN;
  };
  await wait(50);
  const before = await delayOf('max');
  for (const end = performance.now() + 400; performance.now() < end; );
  await wait(50);
  for (let i = 0; i < 3; i++) expect(await delayOf('max')).toBeGreaterThan(0.35);
  expect(before).toBeGreaterThanOrEqual(0);
  expect(await delayOf('p50')).toBeLessThan(await delayOf('max'));
});

test('each collection of garbage is counted, those too that Node tells of at once', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const registry = new Registry();
  const { close } = watchProcess(registry);
  onTestFinished(close);
  const count = async () => {
    const samples = readSamples(await registry.getSingleMetricAsString('nodejs_gc_duration_seconds'));
    return samples.find(({ name, labels }) => name.endsWith('_count') && labels.kind === 'major')?.value ?? 0;
  };
  for (let i = 0; i < 5; i++) collect();
  await until(async () => (await count()) >= 5, 'five collections are counted');
});

test('the start of a process is shown, and of several the first', async () => {
  const registry = new Registry();
  const { close } = watchProcess(registry);
  onTestFinished(close);
  const snapshotOf = async (value?: number) => {
    const all = JSON.parse(JSON.stringify(await registry.getMetricsAsJSON())) as {
      name: string;
      values: { value: number; labels: object }[];
    }[];
    for (const metric of all)
      if (value !== undefined && metric.name === 'process_start_time_seconds') metric.values = [{ value, labels: {} }];
    return all as unknown as MetricsSnapshot;
  };
  const startIn = (text: string) => readSamples(text).find(({ name }) => name === 'process_start_time_seconds')?.value;
  expect(Date.now() / 1000 - process.uptime() - (startIn(await registry.metrics()) ?? 0)).toBeCloseTo(0, -1);
  const totals = createMetricsTotals();
  totals.update(1, await snapshotOf(2000));
  totals.update(2, await snapshotOf(1000));
  expect(startIn(await totals.text(await snapshotOf()))).toBe(1000);
});

test('watching a process does not keep it from ending', async () => {
  const script = `import { Registry } from 'prom-client';
    import { watchProcess } from './src/metrics/process-metrics.ts';
    const registry = new Registry();
    watchProcess(registry);
    console.log((await registry.metrics()).includes('process_resident_memory_bytes'));`;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script], { cwd: ROOT });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stdout = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  expect([await once(child, 'exit'), stdout.trim()]).toEqual([[0, null], 'true']);
});

test('a gateway shows its process, its connections and its pools', async () => {
  const database = await createDatabase();
  const gateway = startGateway({ DATABASE_URL: database.url, SECRET_KEY, MAX_WORKERS: '1' });
  onTestFinished(async () => {
    await gateway.stop('SIGKILL');
    await database.drop();
  });
  const { origin } = await gateway.ready;
  let values = new Map<string, number>();
  await until(async () => {
    const samples = readSamples(await (await fetch(`${origin}/metrics`)).text());
    values = new Map(samples.map(({ name, labels, value }) => [[name, ...Object.values(labels)].join(' '), value]));
    return values.has('nodejs_gc_duration_seconds_count minor');
  }, 'garbage was collected');
  expect(values.get('convoy_open_connections')).toBeGreaterThanOrEqual(1);
  expect(values.get('process_resident_memory_bytes')).toBeGreaterThan(50e6);
  expect(values.get('nodejs_heap_size_used_bytes')).toBeGreaterThan(10e6);
  expect(values.get('process_cpu_seconds_total')).toBeGreaterThan(0);
  expect(values.get('convoy_event_loop_delay_seconds p99')).toBeGreaterThanOrEqual(0);
  expect(values.get(`convoy_info 0.1.0 ${process.version}`)).toBe(1);
  expect(values.get('convoy_pool_max primary')).toBe(147);
  expect(values.get('convoy_sql_statements_total primary')).toBeGreaterThanOrEqual(0);
  expect((await gateway.stop('SIGINT')).code).toBe(0);
});
