// Two gateways that share a Redis which goes, hangs, forgets, refuses or is slow, under load: nobody notices.

import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { demoId } from '../prisma/seed/demo.ts';
import { createTokens } from '../src/tokens.ts';
import { range, until } from './support/batching.ts';
import { createDatabase, rowsOf, SEEDED_SCALE } from './support/database.ts';
import { SECRET_KEY, startGateway } from './support/gateway.ts';
import { mutation, SPA, toIssue } from './support/inputs.ts';
import { anOwnRedis } from './support/own-redis.ts';
import { hasRedis } from './support/redis-server.ts';
import { aLineTo } from './support/spoilt-line.ts';

type Seen = { askedAt: number; ms: number; status: number; name: string | undefined };

const PAGE = { query: 'query ($id: ID!) { spa(id: $id) { name } }', variables: { id: SPA } };
const WIDE = { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_PER_MINUTE: '1000000', RATE_LIMIT_PER_HOUR: '1000000', COST_PER_MINUTE: '10000000' };
const SIGN_IN = 'mutation ($name: String!) { signIn(input: { usernameOrEmail: $name, password: "not theirs" }) { token } }';

async function twoGateways() {
  const [database, redis] = [await createDatabase({ seedScale: SEEDED_SCALE }), await anOwnRedis()];
  await rowsOf(database.url, 'update spas set is_active = true where id = 1');
  const line = await aLineTo(redis.url);
  const settings = { ...WIDE, DATABASE_URL: database.url, SECRET_KEY, MAX_WORKERS: '1', REDIS_ENABLED: 'true', REDIS_URL: line.url };
  const gateways = [startGateway(settings), startGateway(settings)];
  onTestFinished(async () => {
    await Promise.all(gateways.map(({ stop }) => stop('SIGKILL')));
    await database.drop();
  });
  const urls = await Promise.all(gateways.map(async ({ ready }) => (await ready).url));
  const { token } = await createTokens({ secretKeys: [SECRET_KEY], ttlSeconds: 600 }).sign(demoId('ADMIN'));
  const send = (url: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
  const [one = '', two = ''] = urls;
  return { database, redis, line, one, two, urls, send, gateways, asAdmin: { authorization: `Bearer ${token}` } };
}
type World = Awaited<ReturnType<typeof twoGateways>>;

/** Visitors of both gateways who ask for the same page all the time, and some who ask for pages that nobody else does. */
function visitorsOf({ urls, send }: World) {
  const seen: Seen[] = [];
  let isOver = false;
  const visitors = range(0, 12).map(async (visitor) => {
    while (!isOver) {
      const askedAt = performance.now();
      const own = { query: `{ spas(first: ${visitor}) { nodes { id } } }` };
      const response = await send(urls[visitor % 2] ?? '', visitor < 8 ? PAGE : own);
      const { data } = await response.json();
      const isLimited = response.headers.has('ratelimit');
      seen.push({ askedAt, ms: performance.now() - askedAt, status: isLimited && data ? response.status : 0, name: data?.spa?.name });
      await wait(10);
    }
  });
  return {
    seen,
    end: async () => {
      isOver = true;
      await Promise.all(visitors);
    },
  };
}

/** Follows the certificates that are issued. */
async function follow({ send }: World, url: string) {
  const leaving = new AbortController();
  const query = 'subscription { certificateIssued { holderName } }';
  const response = await send(url, { query }, { accept: 'text/event-stream' });
  const heard: string[] = [];
  void (async () => {
    for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>)
      for (const [, name = ''] of Buffer.from(part)
        .toString()
        .matchAll(/"holderName":"([^"]+)"/g))
        heard.push(name);
  })().catch(() => undefined);
  onTestFinished(() => leaving.abort());
  return heard;
}

const FAILURES: [what: string, fail: (world: World) => Promise<() => Promise<void>>][] = [
  [
    'is killed, and starts empty',
    async ({ redis }) => {
      await redis.kill();
      return redis.start;
    },
  ],
  [
    'hangs for seconds',
    async ({ redis }) => {
      redis.hold();
      return async () => void redis.goOn();
    },
  ],
  [
    'is dead without a word',
    async ({ line }) => {
      line.silence();
      return async () => undefined;
    },
  ],
  [
    'is slow',
    async ({ line }) => {
      line.delay(100);
      return async () => line.delay(0);
    },
  ],
  ['forgets all that it holds, scripts too', (world) => commanding(world, [['flushall'], ['script', 'flush']], [['flushdb']])],
  ['is full', (world) => commanding(world, [['config', 'set', 'maxmemory', '1']], [['config', 'set', 'maxmemory', '0']])],
  ['is a replica that takes no writes', (world) => commanding(world, [['replicaof', '127.0.0.1', '1']], [['replicaof', 'no', 'one']])],
];

async function commanding({ redis }: World, before: string[][], after: string[][]) {
  const operator = new Redis(redis.url);
  onTestFinished(() => operator.disconnect());
  const run = async (commands: string[][]) => {
    for (const [name = '', ...args] of commands) await operator.call(name, ...args);
  };
  await run(before);
  return () => run(after);
}

describe.skipIf(!hasRedis)('a Redis that', () => {
  test.each(FAILURES)('%s costs no request, no limit and no event of the own process, and shows nothing stale', async (_, fail) => {
    const world = await twoGateways();
    const { urls, one, two, send, asAdmin, database } = world;
    const isKept = async (url: string) => (await send(url, PAGE)).headers.get('x-cache') === 'hit';
    const areKept = async () => (await Promise.all(urls.map(isKept))).every(Boolean);
    await until(areKept, 'both answer from the cache');
    const [here, there] = [await follow(world, one), await follow(world, two)];
    const names: { name: string; knownAt: number }[] = [];
    const rename = async (name: string) => {
      const [spa] = await rowsOf<{ version: number }>(database.url, 'select version from spas where id = 1');
      const input = { id: SPA, version: spa?.version, name };
      const start = performance.now();
      const { errors } = await (await send(one, { query: mutation('saveSpa', '__typename'), variables: { input } }, asAdmin)).json();
      expect(errors).toBeUndefined();
      names.push({ name, knownAt: performance.now() });
      return performance.now() - start;
    };
    const issue = async (url: string, holderName: string) => {
      const input = toIssue('ID_CARD', { holderName, isPublic: true });
      const query = mutation('issueCertificate', 'certificate { id }');
      const { errors } = await (await send(url, { query, variables: { input } }, asAdmin)).json();
      expect(errors).toBeUndefined();
    };
    const visitors = visitorsOf(world);
    await rename('Before');
    await wait(300);
    const mend = await fail(world);
    const renameMs = await rename('Meanwhile');
    await issue(one, 'Asha Meanwhile');
    await until(() => here.includes('Asha Meanwhile'), 'the own process hears of it');
    const attempts: (string | undefined)[] = [];
    for (let attempt = 0; attempt < 7; attempt++) {
      const answer = await (await send(one, { query: SIGN_IN, variables: { name: 'somebody' } })).json();
      attempts.push(answer.errors?.[0]?.extensions.code);
    }
    await wait(800);
    await rename('Later');
    await mend();
    await wait(700);
    await rename('Last');
    await until(areKept, 'both answer from the cache again');
    await until(async () => {
      await issue(two, 'Ravi Afterwards');
      return here.includes('Ravi Afterwards') && there.includes('Ravi Afterwards');
    }, 'both hear of what the other publishes');
    await visitors.end();

    const { seen } = visitors;
    expect(seen.length).toBeGreaterThan(200);
    expect(seen.filter(({ status }) => status !== 200)).toEqual([]);
    const times = seen.map(({ ms }) => ms).sort((a, b) => a - b);
    expect(times.at(-1)).toBeLessThan(1200);
    expect(times[Math.floor(times.length * 0.9)]).toBeLessThan(450);
    expect(renameMs).toBeLessThan(1500);
    expect(attempts.slice(0, 5)).toEqual(range(0, 5).map(() => 'UNAUTHENTICATED'));
    expect(attempts.slice(-1)).toEqual(['RATE_LIMITED']);
    // The writer has its answer when its own gateway knows; the other one hears of it a moment later.
    const [slackMs, stale] = [250, [] as unknown[]];
    for (const { askedAt, name } of seen) {
      const known = names.findLast(({ knownAt }) => knownAt + slackMs < askedAt);
      if (name === undefined || !known) continue;
      if (names.findIndex((one) => one.name === name) < names.indexOf(known)) stale.push({ name, known, askedAt });
    }
    expect(stale).toEqual([]);
    for (const { output } of world.gateways) expect(output()).not.toMatch(/"level":(50|60)/);
  });
});
