// The points of a client: set aside before an operation is executed, and given back where it used fewer.

import { expect, test } from 'vitest';
import { demoSignIns } from '../prisma/seed/demo.ts';
import { createMemoryStore } from '../src/rate-limit/memory-store.ts';
import { lockTable, until } from './support/batching.ts';
import { mutation, SPA } from './support/inputs.ts';
import { codesOf, from, limitsMet, listen, onlyRates, remainingIn, standingsIn, times } from './support/protection.ts';
import { visit, warm } from './support/visitors.ts';
import { anApp } from './support/world.ts';

const modes = onlyRates('points');
const trustedProxies = ['loopback'];
/** One without a role that shows more. */
const ANOTHER_USER = demoSignIns.length + 1;
type Cost = { requested: number; actual: number; max: number };
type World = Awaited<ReturnType<typeof anApp>>;

/** Sends an operation, and returns what it cost and what is left. */
async function costOf(
  { send }: World,
  query: string,
  { variables = {}, ...options }: { variables?: object } & Parameters<World['send']>[1] = {},
) {
  const response = await send({ query, variables }, options);
  const { data, errors, extensions } = await response.json();
  return {
    status: response.status,
    headers: response.headers,
    data,
    errors,
    cost: extensions?.cost as Cost | undefined,
    left: remainingIn(response.headers).points,
  };
}

test('what was set aside and not used is given back: the estimate, the answer, the headers and the query agree', async () => {
  const world = await anApp({ protection: { modes } });
  // A page of 100 of which there are fewer.
  const page = await costOf(world, '{ spas(first: 100, filter: { city: "Nowhere" }) { nodes { id name } } }');
  expect(page.errors).toBeUndefined();
  expect(page.cost?.requested).toBeGreaterThanOrEqual(100);
  expect(page.cost).toEqual({ requested: page.cost?.requested, actual: 1, max: 1000 });
  expect(page.left).toBe(9999);
  expect(page.headers.get('ratelimit-policy')).toBe('"points";q=10000;w=60;qu="points"');
  expect(standingsIn(page.headers)?.points?.seconds).toBeGreaterThan(55);

  const asked = await costOf(world, '{ rateLimit { cost maxCost budgets { name windowSeconds limit remaining resetAt } } }');
  const { cost, maxCost, budgets } = asked.data.rateLimit;
  expect([cost, maxCost]).toEqual([asked.cost?.requested, 1000]);
  // Its own points are set aside while it looks.
  expect(budgets).toEqual([{ name: 'points', windowSeconds: 60, limit: 10_000, remaining: 9999 - cost, resetAt: expect.any(String) }]);
  expect(Date.parse(budgets[0].resetAt) - Date.now()).toBeGreaterThan(50_000);
  expect(asked.left).toBe(9999 - (asked.cost?.actual ?? 0));
  const after = await costOf(world, '{ __typename }');
  expect(after.left).toBe(9999 - (asked.cost?.actual ?? 0) - (after.cost?.actual ?? 0));
});

test('of many operations at once no more are in flight than their points allow, and in the end what was used is gone', async () => {
  const world = await anApp({ protection: { modes, rates: { pointsPerMinute: 450 } } });
  const lock = await lockTable(world.databaseUrl, 'spas');
  const answers = times(10, () => costOf(world, '{ spas(first: 100) { nodes { id } } }'));
  let answered = 0;
  for (const answer of answers) void answer.then(() => answered++);
  // Four of about a hundred points are under way; the others were refused at once.
  await until(() => answered === 6, 'six are refused');
  await lock.release();
  const all = await Promise.all(answers);
  expect(all.filter(({ status }) => status === 200)).toHaveLength(4);
  const refused = all.find(({ status }) => status === 429);
  expect(codesOf(refused?.errors)).toEqual(['RATE_LIMITED']);
  expect(refused?.errors[0].message).toMatch(/^Too many points\./);
  expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(50);
  const used = all.reduce((sum, { cost, status }) => sum + (status === 200 ? (cost?.actual ?? 0) : 0), 0);
  expect(used).toBeLessThan(400);
  const last = await costOf(world, '{ __typename }');
  expect(last.left).toBe(450 - used - (last.cost?.actual ?? 0));
  expect(await limitsMet(world)).toEqual(['points refused: 6']);
});

test('many small operations at once use exactly the sum of what each has cost', async () => {
  const world = await anApp({ protection: { modes } });
  const queries = [
    '{ spas(first: 7) { nodes { name } totalCount { value } } }',
    '{ viewer { id } }',
    '{ templates(first: 3) { nodes { id } } }',
  ];
  const all = await Promise.all(times(120, (i) => costOf(world, queries[i % 3] as string)));
  expect(all.every(({ status }) => status === 200)).toBe(true);
  const used = all.reduce((sum, { cost }) => sum + (cost?.actual ?? 0), 0);
  const last = await costOf(world, '{ __typename }');
  expect(last.left).toBe(10_000 - used - (last.cost?.actual ?? 0));
});

test('what fails before it is executed costs nothing, and what fails while it is costs all that was set aside', async () => {
  const world = await anApp({ protection: { modes } });
  for (const [query, variables] of [
    ['{ nothing }', {}],
    ['{', {}],
    ['query ($id: ID!) { spa(id: $id) { id } }', {}],
    ['query ($first: Int) { spas(first: $first) { nodes { id } } }', { first: 'many' }],
  ] as const)
    expect((await costOf(world, query, { variables })).status).toBe(400);
  const first = await costOf(world, '{ __typename }');
  expect(first.left).toBe(10_000 - (first.cost?.actual ?? 0));

  const failed = await costOf(world, '{ spas(first: 1000) { nodes { id } } }');
  expect(failed.errors).toHaveLength(1);
  expect(failed.cost?.requested).toBeGreaterThanOrEqual(50);
  expect([failed.cost?.actual, failed.left]).toEqual([failed.cost?.requested, (first.left ?? 0) - (failed.cost?.requested ?? 0)]);
});

test('a mutation costs its weight, also where it is refused', async () => {
  const world = await anApp({ protection: { modes } });
  const save = mutation('saveSpa', 'spa { id }');
  const [refused, applied] = [
    await costOf(world, save, { variables: { input: { id: SPA, version: 99_999, name: 'Moon' } }, as: 'ADMIN' }),
    await costOf(world, save, { variables: { input: { name: 'Moon Spa', city: 'Pune', state: 'Maharashtra' } }, as: 'ADMIN' }),
  ];
  expect([codesOf(refused.errors), codesOf(applied.errors)]).toEqual([['CONFLICT'], []]);
  expect(refused.cost?.actual).toBeGreaterThanOrEqual(10);
  expect(applied.left).toBe(10_000 - (refused.cost?.actual ?? 0) - (applied.cost?.actual ?? 0));
});

test('an answer that is kept costs nothing, and says nothing of points', async () => {
  const world = await anApp({ protection: { modes }, responseCache: {} });
  const page = { query: '{ spas(first: 50) { nodes { name } } }' };
  await warm(world, page);
  const before = (await costOf(world, '{ __typename }')).left ?? 0;
  for (let i = 0; i < 10; i++) expect((await visit(world, page)).headers.get('ratelimit')).toBeNull();
  expect((await costOf(world, '{ __typename }')).left).toBe(before - 1);
});

test('who asks at the same moment for an answer that is being kept pays nothing for it', async () => {
  const world = await anApp({ protection: { modes, trustedProxies }, responseCache: {} });
  const page = { query: '{ spas(first: 50) { nodes { name } } }' };
  await visit(world, page, from('203.0.113.200'));
  await Promise.all(times(20, (i) => visit(world, page, from(`203.0.113.${i}`))));
  const left = await Promise.all(times(20, (i) => costOf(world, '{ __typename }', from(`203.0.113.${i}`)).then((answer) => answer.left)));
  expect(left.filter((one) => one === 9999)).toHaveLength(19);
});

test('a subscription costs what it was estimated at, once', async () => {
  const world = await anApp({ protection: { modes } });
  const query = 'subscription { certificateIssued { id } }';
  const stream = new AbortController();
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
  const answer = await fetch(world.url, { method: 'POST', headers, body: JSON.stringify({ query }), signal: stream.signal });
  expect(answer.status).toBe(200);
  const after = await costOf(world, '{ __typename }');
  stream.abort();
  expect(after.left).toBeLessThan(9999);
  expect(after.left).toBeGreaterThan(9900);

  const poor = await anApp({ isSeeded: false, protection: { modes, rates: { pointsPerMinute: 1 } } });
  const subscribe = () => fetch(poor.url, { method: 'POST', headers, body: JSON.stringify({ query }), signal: stream2.signal });
  const stream2 = new AbortController();
  await subscribe();
  expect(await (await subscribe()).text()).toContain('"code":"RATE_LIMITED"');
  stream2.abort();
});

test('a budget is a client’s: addresses and users have their own', async () => {
  const world = await anApp({ protection: { modes, trustedProxies } });
  const page = '{ spas(first: 20) { nodes { id } } }';
  const one = await costOf(world, page, from('203.0.113.1'));
  const others = [
    await costOf(world, page, from('203.0.113.2')),
    await costOf(world, page, { ...from('203.0.113.1'), as: 'USER' }),
    await costOf(world, page, { ...from('203.0.113.1'), token: (await world.tokens.sign(ANOTHER_USER)).token }),
  ];
  expect(one.left).toBeLessThan(9990);
  // Who sees more pays for more.
  expect(others.map(({ left }) => left)).toEqual(others.map(({ cost }) => 10_000 - (cost?.actual ?? 0)));
  expect((await costOf(world, page, { ...from('203.0.113.3'), as: 'USER' })).left).toBe(10_000 - 2 * (10_000 - (one.left ?? 0)));
});

test('the operations of a batch take their points together, and its answer says once what is left', async () => {
  const world = await anApp({ protection: { modes, maxBatch: 5 } });
  const response = await world.send(times(3, () => ({ query: '{ spas(first: 10) { nodes { id } } }' })));
  const answers: { extensions: { cost: Cost } }[] = await response.json();
  const used = answers.reduce((sum, { extensions }) => sum + extensions.cost.actual, 0);
  const next = await costOf(world, '{ __typename }');
  expect(next.left).toBe(10_000 - used - 1);
  expect(remainingIn(response.headers)).toEqual({ points: 10_000 - used });
});

test('points that are watched are counted and never refused', async () => {
  const world = await anApp({ protection: { modes: { ...modes, points: 'watch' }, rates: { pointsPerMinute: 30 } } });
  const answers = await Promise.all(times(4, () => costOf(world, '{ spas(first: 20) { nodes { id } } }')));
  expect(answers.map(({ status, headers }) => [status, headers.get('ratelimit')])).toEqual(times(4, () => [200, null]));
  expect(await limitsMet(world)).toEqual(['points watched: 3']);
  const { data } = await costOf(world, '{ rateLimit { budgets { name } } }');
  expect(data.rateLimit.budgets).toEqual([]);
});

test('an operation that costs more than one may is refused before a statement is sent, by either way', async () => {
  const store = createMemoryStore();
  const world = await anApp({ protection: { modes, store, maxCost: 60 } });
  const dear = '{ spas(first: 100) { nodes { id } } }';
  const slow = await listen(world.app.slowListener);
  const statements = await world.statements.during(async () => {
    for (const url of [world.url, slow, world.url]) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
        body: JSON.stringify({ query: dear }),
      });
      const { errors } = await response.json();
      expect([response.status, errors[0].extensions]).toEqual([
        400,
        { code: 'LIMIT_EXCEEDED', limit: { name: 'cost', max: 60, actual: expect.any(Number) } },
      ]);
    }
  });
  expect(statements).toEqual([]);
  expect(await limitsMet(world)).toEqual(['cost refused: 3']);
  // Nothing was taken for it.
  expect((await costOf(world, '{ __typename }')).left).toBe(9999);
  const { cost } = await costOf(world, '{ spas(first: 50) { nodes { id } } }');
  expect(cost?.max).toBe(60);
});

test('where a client stands is never kept for others', async () => {
  const world = await anApp({ protection: { modes }, responseCache: {} });
  const page = { query: '{ spas(first: 2) { nodes { name } } rateLimit { budgets { remaining } } }' };
  const seen: [string | null, number][] = [];
  for (let i = 0; i < 4; i++) {
    const { cache, data } = await visit(world, page);
    seen.push([cache, data.rateLimit.budgets[0].remaining]);
  }
  expect(seen.map(([cache]) => cache)).toEqual(times(4, () => null));
  expect(new Set(seen.map(([, remaining]) => remaining)).size).toBe(4);
});
