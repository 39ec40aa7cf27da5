// A Redis that dies, hangs and comes back under calls.

import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { StartError } from '../src/errors.ts';
import type { Verdict, Window } from '../src/rate-limit/store.ts';
import { openRateLimitStore } from '../src/resources/rate-limit.ts';
import { aLog, BACK, GONE } from './support/rate-limit-failing.ts';
import { admitted, remaining } from './support/rate-limit-model.ts';
import { anOwnRedis, hasRedis } from './support/redis-server.ts';

const WINDOWS: Window[] = [{ windowMs: 60_000, max: 60 }];
const check = test.skipIf(!hasRedis);

async function anOpenStore(redisUrl: string) {
  const { log, lines } = aLog();
  const changes: boolean[] = [];
  const { store, close } = await openRateLimitStore({ redisUrl, onFallback: (isFallback) => changes.push(isFallback) }, log);
  onTestFinished(close);
  return { store, lines, changes };
}

/** Calls from many callers without a pause, until told to stop. Gives what they were answered, and how long the slowest took. */
function callAllTheTime(ask: () => Verdict | Promise<Verdict>, callers: number) {
  let isOver = false;
  const slowestMs = Array.from({ length: callers }, () => 0);
  const slowCalls = Array.from({ length: callers }, () => 0);
  let allowed = 0;
  const call = async (caller: number) => {
    while (!isOver) {
      const before = performance.now();
      if ((await ask()).isAllowed) allowed++;
      const ms = performance.now() - before;
      slowestMs[caller] = Math.max(slowestMs[caller] ?? 0, ms);
      if (ms > 95) slowCalls[caller] = (slowCalls[caller] ?? 0) + 1;
      await wait(2);
    }
  };
  const calls = Promise.all(slowestMs.map((_, caller) => call(caller)));
  return async () => {
    isOver = true;
    await calls;
    return { allowed, slowestMs: Math.max(...slowestMs), mostSlowCalls: Math.max(...slowCalls) };
  };
}

check('calls go on in memory when Redis dies, and in Redis again when it is back', async () => {
  const server = await anOwnRedis();
  const { store, lines, changes } = await anOpenStore(server.url);
  expect(await admitted(50, store, 'key', WINDOWS)).toBe(50);
  const stop = callAllTheTime(() => store.take('key', WINDOWS, 1), 20);
  await wait(100);
  await server.kill();
  await expect.poll(() => changes).toEqual([true]);
  await wait(300);
  expect(await remaining(store, 'key', WINDOWS)).toEqual([0]);
  await server.start();
  await expect.poll(() => changes, { timeout: 5000 }).toEqual([true, false]);
  await wait(100);
  // Ten in Redis, sixty in memory, and sixty in the Redis that started empty: no call was lost, and none counted twice.
  expect((await stop()).allowed).toBe(130);
  expect(lines).toEqual([GONE, BACK]);
});

check('a Redis that hangs costs a caller its time limit once, and then nothing', async () => {
  const server = await anOwnRedis();
  const { store, lines, changes } = await anOpenStore(server.url);
  const windows = [{ windowMs: 60_000, max: 1e6 }];
  await store.take('key', windows, 1);
  const stop = callAllTheTime(() => store.take('key', windows, 1), 20);
  await wait(50);
  server.hold();
  await wait(2500);
  const { slowestMs, mostSlowCalls } = await stop();
  expect(slowestMs).toBeGreaterThan(80);
  expect(slowestMs).toBeLessThan(250);
  expect(mostSlowCalls).toBe(1);
  expect(lines).toEqual([GONE]);
  server.goOn();
  const again = callAllTheTime(() => store.take('key', windows, 1), 5);
  await expect.poll(() => changes, { timeout: 5000 }).toEqual([true, false]);
  await again();
  expect(lines).toEqual([GONE, BACK]);
});

check('a Redis whose connection is closed costs nobody its time limit', async () => {
  const server = await anOwnRedis();
  const { store, lines } = await anOpenStore(server.url);
  await server.kill();
  await wait(200);
  const before = performance.now();
  expect(await remaining(store, 'key', WINDOWS)).toEqual([60]);
  expect(performance.now() - before).toBeLessThan(80);
  expect(lines).toEqual([GONE]);
});

check('a connection that is lost between calls is no failure when Redis is back before the next one', async () => {
  const server = await anOwnRedis();
  const { store, lines } = await anOpenStore(server.url);
  await store.take('key', WINDOWS, 20);
  await server.save();
  await server.kill();
  await server.start();
  await wait(1500);
  expect(await remaining(store, 'key', WINDOWS)).toEqual([40]);
  expect(lines).toEqual([]);
});

check('a Redis that cannot be reached ends the start with one sentence', async () => {
  const server = await anOwnRedis();
  await server.kill();
  const opening = openRateLimitStore({ redisUrl: server.url }, aLog().log);
  await expect(opening).rejects.toThrow(StartError);
  await expect(opening).rejects.toThrow(/^Redis does not answer \(.+\)\. Start it, check REDIS_URL, or set REDIS_ENABLED=false\.$/);
});

test('without a Redis the store is of this process, and answers at once', async () => {
  const { store, close } = await openRateLimitStore({ redisUrl: undefined }, aLog().log);
  expect(store.take('key', WINDOWS, 1)).toMatchObject({ isAllowed: true, standings: [{ remaining: 59 }] });
  await close();
});
