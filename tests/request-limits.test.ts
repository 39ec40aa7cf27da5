// Requests of a client, in any minute and any hour: who is counted, by what, and what answers say of it.

import { createPubSub } from 'graphql-yoga';
import { expect, test } from 'vitest';
import { demoId } from '../prisma/seed/demo.ts';
import { createLimits } from '../src/limits/limits.ts';
import { createLog } from '../src/log.ts';
import { examples } from '../src/modules/examples.ts';
import { createMemoryStore } from '../src/rate-limit/memory-store.ts';
import { createRequestLimits } from '../src/rate-limit/request-limits.ts';
import type { Topics } from '../src/resources/redis.ts';
import { createTokens } from '../src/tokens.ts';
import { anAppOver, aProtection } from './support/app-deps.ts';
import { from, limitsMet, listen, onlyRates, rateHeadersOf, remainingIn, standingsIn, times } from './support/protection.ts';
import { visit } from './support/visitors.ts';
import { anApp, SECRET_KEY } from './support/world.ts';

const modes = onlyRates('requests');
const HERE = '{ __typename }';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test('of 300 requests at once, 60 are answered and 240 refused with 429', async () => {
  const { send } = await anApp({ isSeeded: false, protection: { modes } });
  const answers = await Promise.all(times(300, () => send({ query: HERE })));
  const of = (status: number) => answers.filter((answer) => answer.status === status);
  expect([of(200).length, of(429).length]).toEqual([60, 240]);
  // Each of those that were let in was told another number.
  expect(
    of(200)
      .map(({ headers }) => remainingIn(headers).minute as number)
      .sort((a, b) => a - b),
  ).toEqual(times(60, (i) => i));
  const refused = of(429)[0] as Response;
  const { errors, data } = await refused.json();
  const seconds = Number(refused.headers.get('retry-after'));
  expect(seconds).toBeGreaterThan(50);
  expect(seconds).toBeLessThanOrEqual(61);
  expect(data).toBeUndefined();
  expect(errors).toEqual([
    {
      message: expect.stringMatching(/^Too many requests\. Try again in \d+ s\.$/),
      extensions: { code: 'RATE_LIMITED', retryAfterSeconds: seconds },
    },
  ]);
  expect(remainingIn(refused.headers)).toEqual({ minute: 0, hour: 940 });
});

test('the hour has its own bound, and a refused request takes nothing of either', async () => {
  const { send } = await anApp({
    isSeeded: false,
    protection: { modes, rates: { perMinute: 40, perHour: 50 }, trustedProxies: ['loopback'] },
  });
  const rounds = await Promise.all(times(120, (i) => send({ query: HERE }, from(i % 2 ? '203.0.113.1' : '203.0.113.2'))));
  expect(rounds.filter(({ status }) => status === 200)).toHaveLength(80);
  const { headers, status } = await send({ query: HERE }, from('203.0.113.1'));
  expect([status, remainingIn(headers)]).toEqual([429, { minute: 0, hour: 10 }]);
});

test('a minute and an hour hold together exactly, and Retry-After is when there is room again', () => {
  let now = 0;
  const limits = createRequestLimits({ store: createMemoryStore({ now: () => now }), limits: createLimits() });
  const count = () =>
    limits.count('203.0.113.1') as { refusal?: { extensions: { retryAfterSeconds: number } }; headers: Record<string, string> };
  const passedAt: number[] = [];
  // Somebody who does not stop, and waits as long as is said.
  while (now < 7_200_000) {
    const { refusal } = count();
    if (refusal) {
      now += refusal.extensions.retryAfterSeconds * 1000;
      expect(count().refusal, `at ${now}`).toBeUndefined();
    }
    passedAt.push(now);
    if (!refusal) now += 100;
  }
  for (const [i, at] of passedAt.entries()) {
    expect(passedAt.filter((other) => other >= at && other < at + 60_000).length).toBeLessThanOrEqual(60);
    if (i % 50 === 0) expect(passedAt.filter((other) => other >= at && other < at + 3_600_000).length).toBeLessThanOrEqual(1000);
  }
  expect(passedAt.length).toBeGreaterThan(1900);
});

test('whoever is signed in has a bucket of their own, wherever they are, beside that of their address', async () => {
  const { send, tokens } = await anApp({ protection: { modes, rates: { perMinute: 3 }, trustedProxies: ['loopback'] } });
  const [one, other] = [await tokens.sign(demoId('USER')), await tokens.sign(demoId('HR'))];
  const minuteOf = async (address: string, headers = {}) => {
    const answer = await send({ query: '{ viewer { username } }' }, { headers: { 'x-forwarded-for': address, ...headers } });
    return [answer.status, remainingIn(answer.headers).minute];
  };
  // Anonymous, then two users, at one address.
  expect(await minuteOf('203.0.113.1')).toEqual([200, 2]);
  expect(await minuteOf('203.0.113.1', bearer(one.token))).toEqual([200, 2]);
  expect(await minuteOf('203.0.113.1', bearer(other.token))).toEqual([200, 2]);
  // A user elsewhere, with another token.
  expect(await minuteOf('198.51.100.7', bearer((await tokens.sign(demoId('USER'))).token))).toEqual([200, 1]);
  expect(await minuteOf('198.51.100.7')).toEqual([200, 2]);
});

test('a token that is not valid makes no bucket: its requests count for the address', async () => {
  const { send, tokens } = await anApp({ protection: { modes, rates: { perMinute: 100 } } });
  const { token } = await tokens.sign(demoId('USER'));
  const foreign = await createTokens({ secretKeys: ['another key that is long enough to sign with it'], ttlSeconds: 600 }).sign(5);
  const expired = await createTokens({ secretKeys: [SECRET_KEY], ttlSeconds: -10 }).sign(5);
  const changed = token.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'));
  const cheats = [
    `Bearer ${foreign.token}`,
    `Bearer ${expired.token}`,
    `Bearer ${changed.slice(0, -3)}`,
    'Bearer',
    'Bearer x',
    'Basic dXNlcjpwYXNz',
    token,
    '',
  ];
  const left: (number | undefined)[] = [];
  for (const authorization of cheats) left.push(remainingIn((await send({ query: HERE }, { headers: { authorization } })).headers).minute);
  expect(left).toEqual(times(cheats.length, (i) => 99 - i));
});

test('a user who was deactivated counts by the token as before, and no request of theirs counts for the address', async () => {
  const { ask, prisma, tokens } = await anApp({ protection: { modes, rates: { perMinute: 100 } } });
  const token = (await tokens.sign(demoId('USER'))).token;
  await prisma.user.update({ where: { id: demoId('USER') }, data: { isActive: false } });
  for (const expected of [99, 98]) {
    const { headers, data } = await ask('{ viewer { id } }', {}, { token });
    expect([data, remainingIn(headers).minute]).toEqual([{ viewer: null }, expected]);
  }
  expect(remainingIn((await ask(HERE)).headers).minute).toBe(99);
});

test('each kind of answer says where its client stands, and each request counts once', async () => {
  const gateway = await anApp({
    protection: { modes, rates: { perMinute: 500 }, maxBodyBytes: 2000 },
    responseCache: {},
    corsOrigins: ['https://a.example'],
  });
  const KEPT = { query: '{ spas(first: 2) { nodes { name } } }' };
  const post = (body: string, headers: Record<string, string> = {}) => gateway.send(body, { headers });
  const get = (target: string, init: RequestInit = {}) => fetch(`${new URL(gateway.url).origin}${target}`, init);
  const query = (text: string) => `/graphql?query=${encodeURIComponent(text)}`;
  const stream = new AbortController();
  let etag = '';
  const kinds: [string, number, () => Promise<{ status: number; headers: Headers }>][] = [
    ['by the lane', 200, () => gateway.send({ query: HERE })],
    ['by GET', 200, () => get(query(HERE))],
    ['not kept yet', 200, () => visit(gateway, KEPT, { method: 'GET' })],
    ['being kept', 200, () => visit(gateway, KEPT, { method: 'GET' })],
    [
      'kept',
      200,
      async () => {
        const kept = await visit(gateway, KEPT, { method: 'GET' });
        etag = kept.headers.get('etag') ?? '';
        expect(kept.cache).toBe('hit');
        return kept;
      },
    ],
    ['not sent again', 304, () => visit(gateway, KEPT, { method: 'GET', headers: { 'if-none-match': etag } })],
    ['that does not fit the schema', 400, () => gateway.send({ query: '{ nothing }' })],
    ['that is no JSON', 400, () => post('{')],
    ['with an error and data', 200, () => gateway.send({ query: '{ spa(id: "nonsense") { id } }' })],
    ['of an unknown path', 404, () => get('/elsewhere')],
    ['of a path like one that is not counted', 404, () => get('/metrics/')],
    ['of a mutation by GET', 405, () => get(query('mutation { deleteSpa(id: "U3BhOjE=") { deletedId } }'))],
    ['of another method', 405, () => get('/graphql', { method: 'PUT', body: '{}' })],
    ['that is too long', 413, () => post('x'.repeat(2001))],
    ['in an unknown encoding', 415, () => post('{}', { 'content-encoding': 'zstd' })],
    ['from a form', 403, () => post('{}', { 'content-type': 'text/plain' })],
    ['to a token that is not valid', 401, () => gateway.send({ query: HERE }, { token: 'nonsense' })],
    [
      'that is a stream',
      200,
      async () => {
        const answer = await fetch(gateway.url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
          body: JSON.stringify({ query: 'subscription { certificateIssued { id } }' }),
          signal: stream.signal,
        });
        expect(answer.headers.get('content-type')).toContain('text/event-stream');
        return answer;
      },
    ],
  ];
  for (const [i, [kind, status, ask]] of kinds.entries()) {
    const answer = await ask();
    expect([kind, answer.status, remainingIn(answer.headers)]).toEqual([kind, status, { minute: 499 - i, hour: 999 - i }]);
    const { headers } = answer;
    expect(headers.get('ratelimit-policy'), kind).toBe('"minute";q=500;w=60, "hour";q=1000;w=3600');
    const { minute } = standingsIn(headers) ?? {};
    expect(minute?.seconds, kind).toBeGreaterThan(55);
    expect(minute?.seconds, kind).toBeLessThanOrEqual(61);
    expect([headers.get('x-ratelimit-limit'), headers.get('x-ratelimit-remaining')], kind).toEqual(['500', String(499 - i)]);
    const reset = Number(headers.get('x-ratelimit-reset')) - Date.now() / 1000;
    expect(reset, kind).toBeGreaterThan(55);
    expect(reset, kind).toBeLessThan(63);
  }
  stream.abort();
  for (const path of ['/health', '/health?x', '/health/live', '/health/ready', '/metrics']) {
    const answer = await get(path);
    expect([path, rateHeadersOf(answer.headers)]).toEqual([path, []]);
  }
  const preflight = await get('/graphql', {
    method: 'OPTIONS',
    headers: { origin: 'https://a.example', 'access-control-request-method': 'POST' },
  });
  expect([preflight.status, rateHeadersOf(preflight.headers)]).toEqual([204, []]);
  expect(remainingIn((await gateway.send({ query: HERE })).headers).minute).toBe(499 - kinds.length);
});

test('the playground’s page and its files count too', async () => {
  const { database, prisma, tokens } = await anApp();
  const pubSub = createPubSub<Topics>();
  const log = createLog({ level: 'silent' });
  const app = anAppOver({
    database,
    prisma,
    pubSub,
    tokens,
    log,
    playground: { examples, hasDemoUsers: false },
    protection: aProtection({ modes }),
  });
  const url = await listen(app.listener);
  const page = await fetch(url, { headers: { accept: 'text/html' } });
  expect([page.status, remainingIn(page.headers)]).toEqual([200, { minute: 59, hour: 999 }]);
  const file = /\/graphql\/playground-[^"]+/.exec(await page.text())?.[0] ?? '';
  const script = await fetch(`${new URL(url).origin}${file}`);
  expect([script.status, remainingIn(script.headers).minute]).toEqual([200, 58]);
});

test('what is watched is counted and never refused, and answers say nothing of it', async () => {
  const world = await anApp({ isSeeded: false, protection: { modes: { ...modes, requests: 'watch' }, rates: { perMinute: 10 } } });
  const answers = await Promise.all(times(25, () => world.send({ query: HERE })));
  expect(answers.map(({ status, headers }) => [status, rateHeadersOf(headers)])).toEqual(times(25, () => [200, []]));
  expect(await limitsMet(world)).toEqual(['requests watched: 15']);
  expect(Object.fromEntries(world.metrics.operations.usages())).toEqual({ minute: 25, hour: 25 });
});

test('what is off costs nothing and says nothing; what is refused is counted', async () => {
  const off = await anApp({ isSeeded: false, protection: { modes: onlyRates(), rates: { perMinute: 1 } } });
  const answers = await Promise.all(times(10, () => off.send({ query: HERE })));
  expect(answers.map(({ status, headers }) => [status, rateHeadersOf(headers)])).toEqual(times(10, () => [200, []]));
  expect([await limitsMet(off), [...off.metrics.operations.usages()]]).toEqual([[], []]);
  const none = await anApp({ isSeeded: false, protection: { modes, rates: { perMinute: 0 } } });
  expect((await none.send({ query: HERE })).status).toBe(429);
  expect(await limitsMet(none)).toEqual(['requests refused: 1']);
});
