// Two gateways that share a Redis which goes, hangs, forgets, refuses or is slow, under load: nobody notices.

import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { demoId } from '../prisma/seed/demo.ts';
import { createTokens } from '../src/tokens.ts';
import { range, until } from './support/batching.ts';
import { createDatabase, rowsOf, SEEDED_SCALE } from './support/database.ts';
import { SECRET_KEY, startGateway } from './support/gateway.ts';
import { mutation, SPA, toIssue } from './support/inputs.ts';
import { anOwnRedis, hasRedis } from './support/redis-server.ts';
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
  const send = (url: string, body: unknown, headers: Record<string, string> = {}, signal?: AbortSignal) =>
    fetch(url, { signal, method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
  const [one = '', two = ''] = urls;
  /** What both have logged since then. */
  const linesSince = (time: number): { level: number; time: number; msg: string }[] =>
    gateways
      .flatMap(({ output }) => [...output().matchAll(/^\{.*\}$/gm)].map(([line]) => JSON.parse(line)))
      .filter((line) => line.time >= time);
  return { database, redis, line, one, two, urls, send, linesSince, asAdmin: { authorization: `Bearer ${token}` } };
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
  const response = await send(url, { query }, { accept: 'text/event-stream' }, leaving.signal);
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

/** What visitors see and what a signed-in writer is told while Redis fails in a way, and afterwards. */
async function goThrough(world: World, what: string, fail: (world: World) => Promise<() => Promise<void>>) {
  const { urls, one, two, send, asAdmin, database } = world;
  const isKept = async (url: string) => (await send(url, PAGE)).headers.get('x-cache') === 'hit';
  const areKept = async () => (await Promise.all(urls.map(isKept))).every(Boolean);
  const names: { name: string; knownAt: number }[] = [];
  const write = async (url: string, query: string, input: Record<string, unknown>) => {
    const start = performance.now();
    const { errors } = await (await send(url, { query, variables: { input } }, asAdmin)).json();
    expect(errors, what).toBeUndefined();
    return performance.now() - start;
  };
  const rename = async (name: string) => {
    const [spa] = await rowsOf<{ version: number }>(database.url, 'select version from spas where id = 1');
    const ms = await write(one, mutation('saveSpa', '__typename'), { id: SPA, version: spa?.version, name });
    names.push({ name, knownAt: performance.now() });
    return ms;
  };
  const issue = (url: string, holderName: string) =>
    write(url, mutation('issueCertificate', 'certificate { id }'), toIssue('ID_CARD', { holderName, isPublic: true }));

  await until(areKept, `both answer from the cache before it ${what}`);
  const [here, there] = [await follow(world, one), await follow(world, two)];
  const startedAt = Date.now();
  const visitors = visitorsOf(world);
  await rename(`Before it ${what}`);
  await wait(300);
  const mend = await fail(world);
  const renameMs = await rename(`While it ${what}`);
  await issue(one, 'Asha Meanwhile');
  await until(() => here.includes('Asha Meanwhile'), 'the own process hears of it');
  // Five in Redis, five in the memory of the process, where it changes from the one to the other meanwhile.
  const attempts: (string | undefined)[] = [];
  for (let attempt = 0; attempt < 12; attempt++) {
    const answer = await (await send(one, { query: SIGN_IN, variables: { name: `somebody ${what}`.replaceAll(' ', '_') } })).json();
    attempts.push(answer.errors?.[0]?.extensions.code);
  }
  await wait(400);
  await rename(`Just before the end of it`);
  await mend();
  await wait(400);
  await rename(`After it ${what}`);
  await until(areKept, 'both answer from the cache again');
  await until(async () => {
    await issue(two, 'Ravi Afterwards');
    return here.includes('Ravi Afterwards') && there.includes('Ravi Afterwards');
  }, 'both hear of what the other publishes');
  await visitors.end();
  return { seen: visitors.seen, names, renameMs, attempts, lines: world.linesSince(startedAt) };
}

function expectUnnoticed(what: string, { seen, names, renameMs, attempts, lines }: Awaited<ReturnType<typeof goThrough>>): void {
  expect(seen.length, what).toBeGreaterThan(150);
  expect(
    seen.filter(({ status }) => status !== 200),
    what,
  ).toEqual([]);
  // A command may take 100 ms for a count and 250 ms for an answer, once; the rest is the machine's.
  const times = seen.map(({ ms }) => ms).sort((a, b) => a - b);
  expect(times.at(-1), what).toBeLessThan(2500);
  expect(times[Math.floor(times.length * 0.9)], what).toBeLessThan(450);
  expect(renameMs, what).toBeLessThan(1500);
  expect(attempts.slice(-1), what).toEqual(['RATE_LIMITED']);
  // The writer has its answer when its own gateway knows; the other one hears of it a moment later.
  const [slackMs, stale] = [250, [] as unknown[]];
  for (const { askedAt, name } of seen) {
    const known = names.findLast(({ knownAt }) => knownAt + slackMs < askedAt);
    if (name === undefined || !known) continue;
    if (names.findIndex((one) => one.name === name) < names.indexOf(known)) stale.push({ name, known, askedAt });
  }
  expect(stale, what).toEqual([]);
  // Said once by each gateway of each use that it has for Redis, not again and again.
  expect(lines.filter(({ level }) => level >= 50).map(({ msg }) => msg)).toEqual([]);
  expect(lines.filter(({ msg }) => msg.includes('counts by itself')).length, what).toBeLessThan(7);
  expect(lines.filter(({ level }) => level === 40).length, what).toBeLessThan(17);
}

test.skipIf(!hasRedis)(
  'a Redis that fails, in whatever way, costs no request, no limit and no event of the own process, and shows nothing stale',
  async () => {
    const world = await twoGateways();
    for (const [what, fail] of FAILURES) expectUnnoticed(what, await goThrough(world, what, fail));
  },
  120_000,
);
