// What the metrics say after something has happened: who got which answer, and what it took of the database.

import { expect, test } from 'vitest';
import { ERROR_CODES } from '../src/errors.ts';
import { readSamples } from '../src/limits/suggestions.ts';
import { createMetrics } from '../src/metrics.ts';
import { lockTable, openSpas, until } from './support/batching.ts';
import { rowsOf } from './support/database.ts';
import { mutation, toIssue } from './support/inputs.ts';
import { growthOf, scrape } from './support/metrics.ts';
import { onlyRates } from './support/protection.ts';
import { visit, warm } from './support/visitors.ts';
import { anApp } from './support/world.ts';

const PAGE = 'query Page { spas(first: 3) { nodes { name } } }';
const ISSUE = mutation('issueCertificate', 'certificate { id }');

test('every error code is there before it occurs: Prometheus sees no increase in a series that begins at 1', async () => {
  const text = await createMetrics().registry.getSingleMetricAsString('convoy_errors_total');
  const found = readSamples(text).map(({ labels, value }) => [labels.code, value]);
  expect(found).toEqual(Object.keys(ERROR_CODES).map((code) => [code, 0]));
});

test('every request is counted once: answered, not understood, not allowed, of no operation, and of several', async () => {
  const world = await anApp({ isDirect: false, protection: { maxBatch: 3 } });
  const { origin } = new URL(world.url);
  await world.ask(PAGE);
  const errors = growthOf.bind(undefined, world, 'convoy_errors_total');
  let counted: Record<string, number> = {};
  const codes = await errors(async () => {
    counted = await growthOf(world, 'convoy_requests_total', async () => {
      await world.send({ query: PAGE });
      await world.send({ query: 'query Typo { nothing }' });
      await world.send({ query: 'query Broken {' });
      await world.send('{ no JSON');
      await world.send({ query: ISSUE, variables: { input: toIssue('ID_CARD') } }, { as: 'ADMIN' });
      await world.send({ query: ISSUE, variables: { input: toIssue('ID_CARD') } });
      await world.send([{ query: PAGE }, { query: '{ __typename }' }]);
      await fetch(`${origin}/nowhere`);
      await fetch(`${origin}/health`);
      await fetch(`${origin}/graphql`, { method: 'OPTIONS' });
    });
  });
  // The scrapes themselves are probes: of the last one, nothing is known yet.
  expect(counted).toEqual({
    'Page query 200 ok none': 1,
    'other query 400 refused none': 1,
    'anonymous unknown 400 refused none': 1,
    'none none 400 refused none': 1,
    'anonymous mutation 200 ok none': 1,
    'anonymous mutation 200 refused none': 1,
    'several batch 200 ok none': 1,
    'none none 404 refused none': 1,
    'none none 204 ok none': 1,
    'none probe 200 ok none': 2,
  });
  expect(codes).toEqual({ GRAPHQL_VALIDATION_FAILED: 1, GRAPHQL_PARSE_FAILED: 1, BAD_REQUEST: 1, UNAUTHENTICATED: 1, NOT_FOUND: 1 });
  const { of } = await scrape(world);
  expect(of('convoy_request_duration_seconds_count Page')).toBe(2);
  // Of what could not be read and of what is nowhere; a browser asks by itself before a page may.
  expect(of('convoy_request_duration_seconds_count none')).toBe(2);
  expect(of('convoy_request_duration_seconds_sum Page')).toBeGreaterThan(0);
  expect(of('convoy_request_duration_seconds_sum Page')).toBeLessThan(5);
  // The one under way is the scrape.
  expect(of('convoy_requests_in_flight')).toBe(1);
  // Whole milliseconds are measured: a statement may take none.
  expect(of('convoy_execution_duration_seconds_count Page')).toBe(3);
  expect(of('convoy_document_phase_duration_seconds_count validate')).toBe(4);
});

test('a request that the gateway failed at is counted as failed, whatever its status', async () => {
  const world = await anApp({ isDirect: false, expectsErrors: true });
  await world.ask(PAGE);
  Reflect.set(world.pool, 'connect', () => {
    throw new Error('broken');
  });
  const counted = await growthOf(world, 'convoy_requests_total', async () => {
    const { status, data } = await world.ask(PAGE);
    expect([status, data]).toEqual([200, { spas: null }]);
  });
  expect(counted).toMatchObject({ 'Page query 200 failed none': 1 });
  expect((await scrape(world)).of('convoy_errors_total INTERNAL_SERVER_ERROR')).toBe(1);
});

test('who is refused at the door is counted by the status', async () => {
  const world = await anApp({ isDirect: false, isSeeded: false, protection: { modes: onlyRates('requests'), rates: { perMinute: 2 } } });
  const ask = () => world.send({ query: '{ __typename }' });
  expect(await growthOf(world, 'convoy_requests_total', async () => void (await Promise.all([ask(), ask(), ask(), ask()])))).toMatchObject({
    'anonymous query 200 ok none': 2,
    'none none 429 refused none': 2,
  });
  const { of } = await scrape(world);
  expect([of('convoy_errors_total RATE_LIMITED'), of('convoy_limits_met_total requests refused')]).toEqual([2, 2]);
});

test('answers that visitors share are counted as kept, hit or of one reader alone, with what they take and what drops them', async () => {
  const world = await anApp({ isDirect: false, responseCache: {} });
  const own = () => world.send({ query: PAGE }, { as: 'USER' });
  const counted = await growthOf(world, 'convoy_response_cache_total', async () => {
    await own();
    await warm(world, { query: PAGE });
    for (let i = 0; i < 4; i++) expect((await visit(world, { query: PAGE })).cache).toBe('hit');
  });
  // From the second time on: one makes the document known, one makes the answer, one waits for it to be there.
  expect(counted).toEqual({ skip: 1, miss: 1, hit: 5 });
  const before = await scrape(world);
  expect(before.of('convoy_requests_total Page query 200 ok hit')).toBe(5);
  expect(before.of('convoy_request_duration_seconds_count Page')).toBe(7);
  expect(before.of('convoy_response_cache_entries')).toBe(1);
  expect(before.of('convoy_response_cache_bytes')).toBeGreaterThan(400);
  await rowsOf(world.databaseUrl, `update spas set name = 'Lotus'`);
  await until(async () => (await visit(world, { query: PAGE })).text.includes('Lotus'), 'the change is seen');
  const after = await scrape(world);
  expect(after.of('convoy_response_cache_invalidations_total')).toBeGreaterThan(
    before.of('convoy_response_cache_invalidations_total') ?? 0,
  );
});

test('statements and rows are those that the server was sent, of loaders as well as of Prisma', async () => {
  const world = await anApp({ isDirect: false });
  const counted = async (metric: string, work: () => Promise<unknown>) => {
    let sent: string[] = [];
    const growth = await growthOf(world, metric, async () => {
      sent = await world.statements.during(work);
    });
    return { growth, sent };
  };
  const read = await counted('convoy_sql_statements_total', () => world.ask(PAGE, {}, { as: 'ADMIN' }));
  expect(read.growth).toEqual({ primary: read.sent.length });
  const written = await counted('convoy_sql_statements_total', () => world.ask(ISSUE, { input: toIssue('ID_CARD') }, { as: 'ADMIN' }));
  expect(written.sent.some((text) => /^begin/i.test(text))).toBe(true);
  expect(written.growth).toEqual({ primary: written.sent.length });
  // A statement that fails has been answered too.
  const failed = await counted('convoy_sql_statements_total', () => world.pool.query('select nothing').catch(() => undefined));
  expect(failed.growth).toEqual({ primary: 1 });
  const rows = await counted('convoy_sql_rows_total', async () => {
    await world.pool.query('select * from generate_series(1, 70)');
    await world.pool.query('update spas set name = name where id <= 2');
    await world.prisma.spa.findMany({ take: 3 });
  });
  expect(rows.growth).toEqual({ primary: 75 });
});

test('keys that a request knows already are hits, those that are read are misses', async () => {
  const world = await anApp({ isDirect: false });
  await openSpas(world.databaseUrl);
  const [spa] = (await world.ask('{ spas(first: 1) { nodes { id } } }')).data.spas.nodes;
  const counted = await growthOf(world, 'convoy_loader_keys_total', () =>
    world.ask(
      'query ($id: ID!) { a: spa(id: $id) { name } b: spa(id: $id) { city } spas(first: 2) { nodes { hiringForms(first: 1) { nodes { id } } } } }',
      spa,
    ),
  );
  expect(counted).toEqual({
    'Spa.id miss': 1,
    'Spa.id hit': 1,
    'pages of Spa miss': 1,
    'pages of HiringForm miss': 2,
  });
});

test('a pool shows what is in use, what is idle, who waits and how many there may be', async () => {
  const world = await anApp({ isDirect: false, poolOptions: '?connection_limit=2&pool_timeout=10' });
  const [one, two] = [await world.pool.connect(), await world.pool.connect()];
  const third = world.pool.connect();
  const busy = await scrape(world);
  const shown = ['convoy_pool_connections primary in_use', 'convoy_pool_connections primary idle', 'convoy_pool_waiting primary'];
  expect(shown.map(busy.of)).toEqual([2, 0, 1]);
  expect(busy.of('convoy_pool_max primary')).toBe(2);
  one.release();
  two.release();
  (await third).release();
  const free = await scrape(world);
  expect(shown.map(free.of)).toEqual([0, 2, 0]);
});

test('a subscription is open until its client goes, and is no slow request', async () => {
  const world = await anApp({ isDirect: false });
  const controller = new AbortController();
  const response = await fetch(world.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query: 'subscription News { certificateIssued { id } }' }),
    signal: controller.signal,
  });
  const reading = response.text().catch(() => undefined);
  const open = async () => (await scrape(world)).of('convoy_open_subscriptions');
  await until(async () => (await open()) === 1, 'it is open');
  controller.abort();
  await reading;
  await until(async () => (await open()) === 0, 'it is over');
  const { of, text } = await scrape(world);
  expect(of('convoy_requests_total News subscription 200 ok none')).toBe(1);
  expect(of('convoy_subscription_duration_seconds_count News')).toBe(1);
  expect(text).not.toContain('convoy_request_duration_seconds_count{operation="News"}');
});

test('a request that is under way is in flight until it is answered', async () => {
  const world = await anApp({ isDirect: false });
  const lock = await lockTable(world.databaseUrl, 'spas');
  const asked = Array.from({ length: 5 }, () => world.ask(PAGE));
  await until(async () => (await scrape(world)).of('convoy_requests_in_flight') === 6, 'five and the scrape are under way');
  await lock.release();
  await Promise.all(asked);
  await until(async () => (await scrape(world)).of('convoy_requests_in_flight') === 1, 'only the scrape is under way');
});
