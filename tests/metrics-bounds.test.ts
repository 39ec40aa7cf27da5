// How much the metrics can become, whatever clients send; what reading them costs; and that Prometheus takes them as they are.

import { spawnSync } from 'node:child_process';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { ERROR_CODES } from '../src/errors.ts';
import { addError, addOperation, createRequestRecord } from '../src/http/request-record.ts';
import { createMetricsTotals } from '../src/metrics/merge.ts';
import { watchProcess } from '../src/metrics/process-metrics.ts';
import { watchWorkers } from '../src/metrics/worker-metrics.ts';
import { createMetrics } from '../src/metrics.ts';
import { mutation, SPA } from './support/inputs.ts';
import { scrape } from './support/metrics.ts';
import { times } from './support/protection.ts';
import { visit } from './support/visitors.ts';
import { anApp } from './support/world.ts';

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

/** What promtool has to say against a text: nothing. */
function lint(text: string): string {
  const { stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  return `${stdout}${stderr}${status === 0 ? '' : `status ${status}`}`.trim();
}

/** Lines that one operation has at most: two histograms of 14 bounds, the one of subscriptions, its calls and six figures. */
const LINES_OF_OPERATION = 2 * 17 + 10 + 1 + 6;
/** Names that are told apart, and `other`, `anonymous`, `none` and `several`. */
const OPERATIONS = 204;
/** Requests by all their labels: 1000, and what `other` may have beside. */
const REQUESTS = 1200;
/** All that clients have no part in. */
const REST = 1500;
const MOST_LINES = OPERATIONS * LINES_OF_OPERATION + REQUESTS + REST;

const linesOf = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;

test('thousands of names of operations, and whatever methods, paths, headers, ids and aliases, make no more lines than a few clients', async () => {
  const world = await anApp({ isDirect: false, isSeeded: false, responseCache: {}, protection: { maxBatch: 2 } });
  const { origin } = new URL(world.url);
  const inTurns = async (count: number, ask: (i: number) => Promise<unknown>) => {
    for (let i = 0; i < count; i += 50) await Promise.all(times(Math.min(50, count - i), (j) => ask(i + j)));
  };
  await inTurns(400, (i) => visit(world, { query: `query Made_up_${i} { a${i}: __typename }` }));
  const early = await scrape(world);
  await inTurns(2600, (i) => visit(world, { query: `query Other_${i} { a${i}: __typename b${i}: __typename }` }));
  const late = await scrape(world);
  expect(late.of('convoy_operation_calls_total other')).toBe(2800);
  // Nothing but what is told of `other` is new.
  expect(linesOf(late.text) - linesOf(early.text)).toBeLessThan(60);
  const odd = [
    { query: `query X { nothing }`, operationName: 'Unheard_of' },
    { query: 'query A { __typename } query B { __typename }', operationName: 'C' },
    { query: 'mutation M { deleteSpa(id: "nonsense") { deletedId } }' },
    { query: mutation('saveSpa', 'spa { id }'), variables: { input: { id: SPA } } },
    { query: 'query ($id: ID!) { spa(id: $id) { id } }', variables: { id: 7 } },
    { query: 'query {' },
    { query: '{ __typename }', extensions: { persistedQuery: { version: 1, sha256Hash: 'f'.repeat(64) } } },
  ];
  await inTurns(700, (i) => world.send({ ...odd[i % odd.length], ...(i % 3 ? {} : { operationName: `Named_${i}` }) }));
  await inTurns(100, (i) => world.send([{ query: `query Batched_${i} { __typename }` }, { query: '{ __typename }' }]));
  await inTurns(100, (i) => fetch(`${origin}/made/up/${i}?x=${i}`));
  for (const method of ['PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'PROPFIND', 'M-SEARCH'])
    await fetch(world.url, { method, headers: { [`x-${method}`]: method } });
  const last = await scrape(world);
  expect(linesOf(last.text) - linesOf(late.text)).toBeLessThan(100);
  expect(linesOf(last.text)).toBeLessThan(MOST_LINES);
  expect(last.text).not.toMatch(/Other_|Named_|Batched_|Unheard|made\/up|PROPFIND/);
}, 60_000);

/** A process that has counted all that clients can make it count: ten thousand names, and every status with some of them. */
function aFullOne(seed = 0, names = 10_000, first = 0) {
  const metrics = createMetrics();
  const figures = { cost: 10, depth: 4, aliases: 2, rootFields: 1, directives: 0, tokens: 40 };
  for (let i = first; i < first + names; i++) {
    const label = metrics.operations.add(`Operation_with_a_name_of_usual_length_${seed}_${i}`, figures);
    for (const status of times(i < first + 20 ? 30 : 1, (n) => 400 + n))
      for (const cache of ['hit', 'miss', undefined] as const) {
        const record = createRequestRecord({ requestId: 'x', method: 'POST', path: '/graphql' });
        addOperation(record, { label, kind: 'query' });
        Object.assign(record, { status, cache, durationMs: status });
        addError(record, `CODE_${i}`);
        metrics.observer.onRequestEnd(record);
      }
  }
  for (const loader of times(60, (i) => `pages of Model${i}`)) {
    metrics.countFlush({ loader, keys: 10, callers: 3, waitMs: 1, durationMs: 2, startedAt: 0, statements: [] });
    Object.assign(metrics.keyCountsOf(loader), { hits: 10, misses: 5 });
  }
  return metrics;
}

test('at its fullest a process stays below the bound, and so do twenty of them together', async () => {
  const text = await aFullOne().read();
  expect(linesOf(text)).toBeLessThan(MOST_LINES);
  // Those that are known from the start, and one for all others.
  expect(text.match(/^convoy_errors_total/gm)).toHaveLength(Object.keys(ERROR_CODES).length + 1);
  const totals = createMetricsTotals();
  for (const id of times(20, (i) => i)) {
    totals.update(id, JSON.parse(JSON.stringify(await aFullOne(id, 1000).registry.getMetricsAsJSON())));
    if (id > 3) totals.retire(id - 4);
  }
  // Each has seen every status with other names than the others have.
  for (const id of times(20, (i) => 100 + i)) {
    totals.update(id, JSON.parse(JSON.stringify(await aFullOne(0, 20, (id - 100) * 10).registry.getMetricsAsJSON())));
    totals.retire(id);
  }
  expect(linesOf(await totals.text())).toBeLessThan(MOST_LINES);
}, 60_000);

test('reading the fullest metrics takes a turn of the event loop for each, so that requests come between', async () => {
  const metrics = aFullOne();
  const totals = createMetricsTotals();
  totals.update(1, await metrics.registry.getMetricsAsJSON());
  for (const read of [metrics.read, totals.text]) {
    let turns = 0;
    const count = () => {
      turns++;
      turning = setImmediate(count);
    };
    let turning = setImmediate(count);
    const text = await read();
    clearImmediate(turning);
    expect(turns).toBeGreaterThanOrEqual(text.match(/^# TYPE/gm)?.length ?? Number.NaN);
    expect(text.length).toBeLessThan(1_000_000);
    expect(linesOf(text)).toBeGreaterThan(5000);
  }
});

test.skipIf(!hasPromtool)('Prometheus takes the text without a word, of a gateway as well as of all its workers', async () => {
  const world = await anApp({ isDirect: false, responseCache: {} });
  const { metrics } = world;
  await world.ask('query Page { spas(first: 2) { nodes { name hiringForms(first: 1) { nodes { id } } } } }');
  await world.ask('{ nothing }');
  metrics.watchPressure(() => 0.5);
  watchWorkers(metrics.registry, () => ({ running: 2, losses: 0, budget: 150 }));
  metrics.watchConnections(async () => 3);
  const { close } = watchProcess(metrics.registry);
  const { text } = await scrape(world);
  expect(text).toMatch(/^convoy_info\{version="\d+\.\d+\.\d+",node="v\d+/m);
  expect(lint(text)).toBe('');
  const totals = createMetricsTotals();
  totals.update(1, JSON.parse(JSON.stringify(await metrics.registry.getMetricsAsJSON())));
  totals.update(2, JSON.parse(JSON.stringify(await createMetrics().registry.getMetricsAsJSON())));
  totals.retire(2);
  close();
  expect(lint(await totals.text(await new Registry().getMetricsAsJSON()))).toBe('');
  expect(lint('bad_total{x="y"} 1\n')).not.toBe('');
});
