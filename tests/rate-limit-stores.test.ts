// What every store of rate limits keeps to.

import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createMemoryStore } from '../src/rate-limit/memory-store.ts';
import { createRedisStore } from '../src/rate-limit/redis-store.ts';
import { createParentStore, serveStore } from '../src/rate-limit/shared-store.ts';
import type { RateLimitStore, Window } from '../src/rate-limit/store.ts';
import { admitted, createModel, createRandom, remaining } from './support/rate-limit-model.ts';
import { start, startWorkers } from './support/rate-limit-processes.ts';
import { connectingToOneRedis, hasRedis } from './support/redis-server.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const [A_MINUTE, AN_HOUR] = [
  { windowMs: MINUTE, max: 60 },
  { windowMs: HOUR, max: 1000 },
] as const;

const aRedis = connectingToOneRedis();
let made = 0;

const stores: [name: string, isThere: boolean, create: () => RateLimitStore][] = [
  ['the memory store', true, () => createMemoryStore()],
  ['the Redis store', hasRedis, () => createRedisStore(aRedis(), { prefix: `test ${made++}:` })],
  ['the store of another process', true, () => createParentStore(start('rate-limit-server.ts'), { timeoutMs: 10_000 })],
];

describe.each(stores)('%s', (_, isThere, create) => {
  const check = test.skipIf(!isThere);

  check('lets through as many as there is room for, and says what is left', async () => {
    const store = create();
    const windows: Window[] = [{ windowMs: MINUTE, max: 2 }];
    expect(await store.take('key', windows, 1)).toMatchObject({ isAllowed: true, retryAfterMs: 0, standings: [{ remaining: 1 }] });
    const second = await store.take('key', windows, 1);
    expect(second).toMatchObject({ isAllowed: true, standings: [{ remaining: 0 }] });
    const third = await store.take('key', windows, 1);
    expect(third).toMatchObject({ isAllowed: false, standings: [{ remaining: 0 }] });
    for (const ms of [second.standings[0]?.resetMs, third.retryAfterMs]) {
      expect(ms).toBeGreaterThan(MINUTE - 2000);
      expect(ms).toBeLessThanOrEqual(MINUTE * 1.01);
      expect(ms).toBe(Math.ceil(ms as number));
    }
    expect(await store.take('other', windows, 1)).toMatchObject({ isAllowed: true, standings: [{ remaining: 1 }] });
  });

  check('counts in all windows or in none', async () => {
    const store = create();
    expect(await admitted(100, store, 'key', [A_MINUTE, AN_HOUR])).toBe(60);
    expect(await remaining(store, 'key', [A_MINUTE, AN_HOUR])).toEqual([0, 940]);
    const windows = [A_MINUTE, { windowMs: HOUR, max: 10 }];
    expect(await admitted(100, store, 'tight', windows)).toBe(10);
    expect(await remaining(store, 'tight', windows)).toEqual([50, 0]);
    expect((await store.take('tight', windows, 1)).retryAfterMs).toBeGreaterThan(MINUTE * 2);
  });

  check('lets nothing through where the maximum is 0, and no more than asked where it is less than the amount', async () => {
    const store = create();
    const blocked = { isAllowed: false, retryAfterMs: MINUTE, standings: [{ remaining: 0, resetMs: 0 }] };
    for (let i = 0; i < 3; i++) expect(await store.take('key', [{ windowMs: MINUTE, max: 0 }], 1)).toMatchObject(blocked);
    expect(await store.take('key', [{ windowMs: MINUTE, max: 5 }], 6)).toMatchObject({ isAllowed: false, retryAfterMs: MINUTE });
    expect(await store.take('key', [{ windowMs: MINUTE, max: 5 }], 5)).toMatchObject({ isAllowed: true });
    expect(await store.take('key', [{ windowMs: MINUTE, max: 5 }], 6)).toMatchObject({ isAllowed: false, retryAfterMs: MINUTE });
    // Limits that were lowered meanwhile.
    const lowered = await store.take('key', [{ windowMs: MINUTE, max: 3 }], 1);
    expect(lowered).toMatchObject({ isAllowed: false, standings: [{ remaining: 0 }] });
  });

  check('takes any text for a key', async () => {
    const store = create();
    const long = 'x'.repeat(2_000_000);
    const keys = ['__proto__', 'constructor', '', ' ', '\0', 'नाम💆', '\ud800', long, `${long}y`, 'y'.repeat(61), 'y'.repeat(60)];
    for (let round = 2; round >= 0; round--)
      for (const key of keys)
        expect(await store.take(key, [{ windowMs: MINUTE, max: 3 }], 1)).toMatchObject({ standings: [{ remaining: round }] });
  });

  check('only looks with an amount of 0', async () => {
    const store = create();
    const windows = [{ windowMs: MINUTE, max: 1 }];
    const look = { isAllowed: true, retryAfterMs: 0, standings: [{ remaining: 1, resetMs: 0 }] };
    for (let i = 0; i < 3; i++) expect(await store.take('key', windows, 0)).toMatchObject(look);
    await store.take('key', windows, 1);
    expect(await store.take('key', windows, 0)).toMatchObject({ isAllowed: true, standings: [{ remaining: 0 }] });
  });

  check('gives back what was taken, and never more', async () => {
    const store = create();
    const windows = [A_MINUTE, AN_HOUR];
    const { at } = await store.take('key', windows, 20);
    await wait(700);
    const later = await store.take('key', windows, 5);
    await store.refund('key', windows, 15, at);
    expect(await remaining(store, 'key', windows)).toEqual([50, 990]);
    await store.refund('key', windows, 1000, later.at);
    // The hour's slot is longer than the pause: there the second refund finds what is left of the first call as well.
    expect((await remaining(store, 'key', windows))[0]).toBe(55);
    for (const moment of [at - MINUTE, at - 2 * HOUR, at + HOUR]) await store.refund('key', windows, 10, moment);
    expect((await remaining(store, 'key', windows))[0]).toBe(55);
    await store.refund('key', windows, 5, at);
    expect(await store.take('key', windows, 0)).toMatchObject({
      standings: [
        { remaining: 60, resetMs: 0 },
        { remaining: 1000, resetMs: 0 },
      ],
    });
    await store.refund('never seen', windows, 5, at);
    expect(await remaining(store, 'never seen', windows)).toEqual([60, 1000]);
  });

  check('starts a key anew whose windows are of other lengths', async () => {
    const store = create();
    await store.take('key', [A_MINUTE, AN_HOUR], 10);
    expect(await store.take('key', [A_MINUTE], 1)).toMatchObject({ isAllowed: true, standings: [{ remaining: 59 }] });
    expect(await store.take('key', [{ windowMs: 1000, max: 3 }], 1)).toMatchObject({ isAllowed: true, standings: [{ remaining: 2 }] });
    expect(await store.take('key', [], 1)).toMatchObject({ isAllowed: true, standings: [] });
  });

  check('has room again when it said, and not before', async () => {
    const store = create();
    const windows = [{ windowMs: 1000, max: 2 }];
    await store.take('key', windows, 1);
    await wait(300);
    await store.take('key', windows, 1);
    for (const expected of [700, 300]) {
      const refused = await store.take('key', windows, 1);
      const since = performance.now();
      expect(refused.retryAfterMs).toBeGreaterThan(expected - 150);
      expect(refused.retryAfterMs).toBeLessThanOrEqual(expected + 20);
      let attempt = refused;
      while (!attempt.isAllowed) {
        await wait(1);
        attempt = await store.take('key', windows, 1);
      }
      expect(attempt.at - refused.at).toBeGreaterThanOrEqual(refused.retryAfterMs - 1);
      expect(performance.now() - since).toBeLessThan(refused.retryAfterMs + 150);
    }
  });

  check('lets no span of a window see more than its maximum', async () => {
    const store = create();
    const windows: Window[] = [
      { windowMs: 400, max: 10 },
      { windowMs: 1000, max: 18 },
    ];
    const random = createRandom(7);
    const moments: number[] = [];
    // As many as there is room for in some windows: what is refused takes none, and room comes back.
    while (moments.length <= 18 * 2) {
      const verdicts = await Promise.all(Array.from({ length: 1 + random(5) }, () => store.take('key', windows, 1)));
      for (const { isAllowed, at } of verdicts) if (isAllowed) moments.push(at);
      await wait(random(60));
    }
    moments.sort((a, b) => a - b);
    for (const { windowMs, max } of windows)
      for (let i = max; i < moments.length; i++)
        expect((moments[i] as number) - (moments[i - max] as number)).toBeGreaterThanOrEqual(windowMs);
  });

  check('agrees with a plain model about random calls', async () => {
    const store = create();
    const model = createModel();
    const random = createRandom(3);
    const windows: Window[] = [
      { windowMs: 150, max: 12 },
      { windowMs: 777, max: 40 },
    ];
    const taken: { key: string; amount: number; at: number }[] = [];
    let refused = 0;
    for (let i = 0; i < 400; i++) {
      const key = `key ${random(3)}`;
      const amount = random(5);
      const verdict = await store.take(key, windows, amount);
      expect(verdict).toEqual(model.take(key, windows, amount, verdict.at));
      if (!verdict.isAllowed) refused++;
      else if (amount > 0) taken.push({ key, amount, at: verdict.at });
      const last = taken.at(-1);
      if (last && random(6) === 0) {
        const given = 1 + random(last.amount);
        await store.refund(last.key, windows, given, last.at);
        model.refund(last.key, given, last.at);
        taken.pop();
      }
      if (random(4) === 0) await wait(random(40));
    }
    expect(refused).toBeGreaterThan(20);
    expect(taken.length).toBeGreaterThan(100);
  });
});

describe.each([
  ['one memory store', true, () => undefined],
  ['one Redis', hasRedis, () => urlOf(aRedis())],
])('four processes on %s', (_, isThere, redisUrl) => {
  test.skipIf(!isThere)('let through as many of 2,000 calls at once as the limit', async () => {
    const url = redisUrl();
    const store = createMemoryStore();
    const workers = await startWorkers(4, url ? [url] : [], (worker) => !url && serveStore(store, worker));
    expect(await workers.admitted({ calls: 500, key: 'minute', windows: [A_MINUTE] })).toBe(60);
    expect(await workers.admitted({ calls: 500, key: 'both', windows: [A_MINUTE, AN_HOUR] })).toBe(60);
    expect(await workers.admitted({ calls: 500, key: 'hour', windows: [{ windowMs: MINUTE, max: 2000 }, AN_HOUR] })).toBe(1000);
  });
});

const urlOf = ({ options: { host, port } }: { options: { host?: string; port?: number } }) => `redis://${host}:${port}`;
