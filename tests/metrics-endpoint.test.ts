// GET /metrics: who may read it, what it counts, and what clients cannot make of it.

import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../src/config.ts';
import { createOperationRecords, RECORDED } from '../src/limits/operation-records.ts';
import { readSamples } from '../src/limits/suggestions.ts';
import { createLog } from '../src/log.ts';
import { openPubSub } from '../src/resources/redis.ts';
import { anAppOver, WITHOUT_RATES } from './support/app-deps.ts';
import { listen, onlyRates, times } from './support/protection.ts';
import { anApp } from './support/world.ts';

const TOKEN = 'a token for metrics that is long';
const metricsOf = (url: string) => `${new URL(url).origin}/metrics`;

/** The samples of a metric, as `{labels} value`. */
async function samplesOf(url: string, metric: string) {
  const text = await (await fetch(metricsOf(url))).text();
  return readSamples(text).filter(({ name }) => name === metric);
}

test('this machine and private networks may read the metrics, others with the token alone', async () => {
  const { url, tokens } = await anApp({ isSeeded: false, protection: { metricsToken: TOKEN, trustedProxies: ['loopback'] } });
  const { token: ofUser } = await tokens.sign(1);
  const statusOf = async (headers: Record<string, string>) => {
    const response = await fetch(metricsOf(url), { headers });
    const text = await response.text();
    expect([headers, text.includes('convoy_')]).toEqual([headers, response.status === 200]);
    expect(['no-store', null]).toContain(response.headers.get('cache-control'));
    return response.status;
  };
  const far = { 'x-forwarded-for': '198.51.100.7' };
  expect(await statusOf({})).toBe(200);
  expect(await statusOf({ 'x-forwarded-for': '10.0.0.5' })).toBe(200);
  expect(await statusOf(far)).toBe(403);
  expect(await statusOf({ 'x-forwarded-for': '127.0.0.1, 198.51.100.7' })).toBe(403);
  expect(await statusOf({ ...far, authorization: `Bearer ${TOKEN}` })).toBe(200);
  for (const authorization of [`Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, TOKEN, 'Bearer ', `Bearer ${ofUser}`, 'Bearer undefined'])
    expect([authorization, await statusOf({ ...far, authorization })]).toEqual([authorization, 403]);
});

test('without a token nothing opens the metrics to strangers, and a proxy that nobody has declared makes everybody one', async () => {
  const { url, app } = await anApp({ isSeeded: false });
  const statusOf = async (headers: Record<string, string>) => (await fetch(metricsOf(url), { headers })).status;
  expect(await statusOf({})).toBe(200);
  const proxied: Record<string, string>[] = [
    { 'x-forwarded-for': '10.0.0.5' },
    { 'x-forwarded-for': '127.0.0.1' },
    { forwarded: 'for=127.0.0.1' },
  ];
  for (const headers of proxied)
    for (const authorization of ['Bearer undefined', 'Bearer ', 'Bearer null'])
      expect(await statusOf({ ...headers, authorization })).toBe(403);
  expect((await app.fetch('http://localhost/metrics')).status).toBe(403);
});

test('a token that no header can carry is refused when the gateway starts', () => {
  for (const METRICS_TOKEN of ['short', 'ein Schlüssel für Zahlen', 'two lines of it\n, of which'])
    expect(() => loadConfig({ METRICS_TOKEN })).toThrow('METRICS_TOKEN: at least 16 characters');
  expect(loadConfig({ METRICS_TOKEN: TOKEN }).metricsToken).toBe(TOKEN);
});

test('a worker answers with the metrics of all, and with 503 where they cannot be had', async () => {
  const log = createLog({ level: 'silent' });
  const { pubSub, close } = await openPubSub(undefined, log);
  onTestFinished(close);
  const { database, prisma, tokens } = await anApp({ isSeeded: false });
  let read = async () => 'convoy_of_all 1\n';
  const app = anAppOver({ database, prisma, tokens, pubSub, log, readMetrics: () => read() });
  const url = metricsOf(await listen(app.listener));
  const answer = await fetch(url);
  expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
    'convoy_of_all 1\n',
  ]);
  let reads = 0;
  read = async () => {
    reads++;
    await wait(100);
    return 'convoy_of_all 2\n';
  };
  const texts = await Promise.all(times(50, async () => (await fetch(url)).text()));
  expect([new Set(texts), reads < 10]).toEqual([new Set(['convoy_of_all 2\n']), true]);
  read = () => Promise.reject(new Error('a secret of the inside'));
  const refusal = await fetch(url);
  expect([refusal.status, await refusal.text()]).toEqual([503, expect.stringMatching(/^(?!.*secret).*are temporarily unavailable/)]);
});

test('the path and the method are exact', async () => {
  const { url } = await anApp({ isSeeded: false });
  const { origin } = new URL(url);
  const statuses = await Promise.all(
    ['/metrics/', '/Metrics', '//metrics', '/metrics/x', '/xmetrics'].map(async (path) => (await fetch(origin + path)).status),
  );
  expect(statuses).toEqual(times(5, () => 404));
  expect((await fetch(`${origin}/metrics`, { method: 'POST', body: 'x' })).status).toBe(404);
  expect((await fetch(`${origin}/metrics?x=y`)).status).toBe(200);
});

test('operations, limits and clients are counted', async () => {
  const modes = { ...onlyRates('requests', 'points'), cost: 'watch' } as const;
  const world = await anApp({ protection: { modes, rates: { perMinute: 5 }, maxCost: 10 } });
  for (const first of [3, 20]) await world.send({ query: `query Page { a: spas(first: ${first}) { nodes { id } } }` });
  for (let i = 0; i < 5; i++) await world.send({ query: '{ __typename }' });
  const calls = await samplesOf(world.url, 'convoy_operation_calls_total');
  expect(calls.map(({ labels, value }) => [labels.operation, value])).toEqual([
    ['Page', 2],
    ['anonymous', 3],
  ]);
  const largest = await samplesOf(world.url, 'convoy_operation_largest');
  const page = Object.fromEntries(
    largest.filter(({ labels }) => labels.operation === 'Page').map(({ labels, value }) => [labels.figure, value]),
  );
  expect(Object.keys(page)).toEqual([...RECORDED]);
  expect(page).toMatchObject({ depth: 3, aliases: 1, rootFields: 1, directives: 0 });
  expect(page.cost).toBeGreaterThanOrEqual(20);
  const met = await samplesOf(world.url, 'convoy_limits_met_total');
  expect(met.map(({ labels, value }) => [labels.limit, labels.action, value])).toEqual([
    ['cost', 'watched', 1],
    ['requests', 'refused', 2],
  ]);
  const clients = Object.fromEntries(
    (await samplesOf(world.url, 'convoy_client_largest')).map(({ labels, value }) => [labels.window, value]),
  );
  expect(clients).toMatchObject({ minute: 5, hour: 5 });
  expect(clients.points).toBeGreaterThanOrEqual(23);
  expect((await samplesOf(world.url, 'convoy_rate_limit_fallback'))[0]?.value).toBe(0);
});

test('whoever makes up ten thousand names of operations fills no metrics', async () => {
  const { send, url } = await anApp({ isSeeded: false });
  const names = times(300, (i) => `Made_up_${i}`);
  await Promise.all(names.map((name) => send({ query: `query ${name} { __typename }` })));
  await send({ query: `query ${'x'.repeat(500)} { __typename }` });
  // Not executed, and not named.
  await send({ query: 'query Nothing { nothing }' });
  const calls = await samplesOf(url, 'convoy_operation_calls_total');
  expect(calls.length).toBeLessThanOrEqual(201);
  expect(calls.find(({ labels }) => labels.operation === 'other')?.value).toBe(301 - (calls.length - 1));
  expect(calls.some(({ labels }) => labels.operation === 'Nothing' || (labels.operation?.length ?? 0) > 80)).toBe(false);

  const records = createOperationRecords();
  const figures = { cost: 1, depth: 1, aliases: 1, rootFields: 1, directives: 1, tokens: 1 };
  for (let i = 0; i < 10_000; i++) records.add(`Made_up_${i}`, figures);
  expect([...records.entries()].reduce((sum, [, { calls: one }]) => sum + one, 0)).toBe(10_000);
  expect([...records.entries()].length).toBeLessThanOrEqual(201);
});

test('where names are known, all others are one, and they keep their place whoever comes first', () => {
  const records = createOperationRecords(['Known', 'Also']);
  const figures = { cost: 1, depth: 1, aliases: 1, rootFields: 1, directives: 1, tokens: 1 };
  for (let i = 0; i < 500; i++) records.add(`Made_up_${i}`, figures);
  for (const name of ['Known', 'Also', undefined, 'Known']) records.add(name, { ...figures, cost: 7 });
  expect(Object.fromEntries([...records.entries()].map(([name, { calls, cost }]) => [name, [calls, cost]]))).toEqual({
    other: [500, 1],
    Known: [2, 7],
    Also: [1, 7],
    anonymous: [1, 7],
  });
});

test('no label is a client’s own: neither addresses, nor users, nor arguments, nor tokens', async () => {
  const protection = {
    modes: { ...WITHOUT_RATES, requests: 'enforce', fields: 'enforce' },
    rates: { perMinute: 3 },
    trustedProxies: ['loopback'],
    metricsToken: TOKEN,
  } as const;
  const { send, url } = await anApp({ protection });
  const SIGN_IN = 'mutation Secret { signIn(input: { usernameOrEmail: "marked-name", password: "marked-word" }) { token } }';
  for (let i = 0; i < 5; i++) await send({ query: SIGN_IN }, { headers: { 'x-forwarded-for': '198.51.100.77' } });
  const text = await (await fetch(metricsOf(url))).text();
  expect(text).toContain('Secret');
  expect(text).not.toMatch(/marked|198\.51|a token for/);
});
