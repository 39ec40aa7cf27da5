import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createFallbackStore } from '../src/rate-limit/fallback-store.ts';
import { createMemoryStore } from '../src/rate-limit/memory-store.ts';
import type { RateLimitStore, Verdict, Window } from '../src/rate-limit/store.ts';
import { aLog, BACK, GONE } from './support/rate-limit-failing.ts';
import { remaining } from './support/rate-limit-model.ts';

const WINDOWS: Window[] = [{ windowMs: 60_000, max: 10 }];

/** A store that does as it is told, its fallback, and what they were asked. */
function aStoreThatMayFail({ retryMs = 80, answersAfterMs = 0 } = {}) {
  const main = createMemoryStore();
  const fallback = createMemoryStore();
  const state = { isFailing: false, asked: 0 };
  const ask = async <T>(call: () => T): Promise<T> => {
    state.asked++;
    const { isFailing } = state;
    if (answersAfterMs > 0) await wait(answersAfterMs);
    if (isFailing) throw new Error('gone');
    return call();
  };
  const failing: RateLimitStore = {
    take: (...args) => ask(() => main.take(...args)),
    refund: (...args) => ask(() => main.refund(...args)),
  };
  const changes: boolean[] = [];
  const { log, lines } = aLog();
  const store = createFallbackStore(failing, fallback, { log, retryMs, onChange: (isFallback) => changes.push(isFallback) });
  return { store, main, fallback, state, changes, lines };
}

test('the fallback answers while the main store fails, and it is said once', async () => {
  const { store, main, fallback, state, changes, lines } = aStoreThatMayFail();
  expect(await store.take('key', WINDOWS, 4)).toMatchObject({ standings: [{ remaining: 6 }] });
  state.isFailing = true;
  const verdicts = await Promise.all(Array.from({ length: 30 }, () => store.take('key', WINDOWS, 1)));
  expect(verdicts.filter(({ isAllowed }) => isAllowed)).toHaveLength(10);
  expect(await remaining(main, 'key', WINDOWS)).toEqual([6]);
  expect(await remaining(fallback, 'key', WINDOWS)).toEqual([0]);
  expect(changes).toEqual([true]);
  expect(lines).toEqual([GONE]);

  const { asked } = state;
  // From now on the fallback answers at once, as it is of this process.
  expect(store.take('key', WINDOWS, 1)).toMatchObject({ isAllowed: false });
  expect(state.asked).toBe(asked);

  state.isFailing = false;
  await wait(100);
  expect(store.take('key', WINDOWS, 1)).toMatchObject({ isAllowed: false });
  await expect.poll(() => changes).toEqual([true, false]);
  expect(await store.take('key', WINDOWS, 1)).toMatchObject({ isAllowed: true, standings: [{ remaining: 5 }] });
  expect(lines).toEqual([GONE, BACK]);
});

test('a store that fails is tried once in a while, and nobody waits for it', async () => {
  const { store, state, changes } = aStoreThatMayFail({ retryMs: 100, answersAfterMs: 50 });
  state.isFailing = true;
  await store.take('key', WINDOWS, 0);
  const start = performance.now();
  let longest = 0;
  while (performance.now() - start < 1000) {
    const before = performance.now();
    for (let i = 0; i < 5; i++) store.take('key', WINDOWS, 0);
    longest = Math.max(longest, performance.now() - before);
    await wait(5);
  }
  // One that failed, then one each 150 ms.
  expect(state.asked).toBeGreaterThanOrEqual(5);
  expect(state.asked).toBeLessThanOrEqual(8);
  expect(longest).toBeLessThan(30);
  expect(changes).toEqual([true]);
});

test('units are given back to the store that counted them, or to none', async () => {
  const { store, main, fallback, state, changes } = aStoreThatMayFail();
  const ofMain = await store.take('key', WINDOWS, 3);
  state.isFailing = true;
  const ofFallback = await store.take('key', WINDOWS, 4);
  await store.refund('key', WINDOWS, 3, ofMain.at);
  expect(await remaining(fallback, 'key', WINDOWS)).toEqual([6]);
  await store.refund('key', WINDOWS, 1, ofFallback.at);
  expect(await remaining(fallback, 'key', WINDOWS)).toEqual([7]);

  state.isFailing = false;
  await wait(100);
  await store.take('key', WINDOWS, 0);
  await expect.poll(() => changes).toEqual([true, false]);
  await store.refund('key', WINDOWS, 3, ofFallback.at);
  expect(await remaining(main, 'key', WINDOWS)).toEqual([7]);
  expect(await remaining(fallback, 'key', WINDOWS)).toEqual([10]);
  await store.refund('key', WINDOWS, 3, ofMain.at);
  expect(await remaining(main, 'key', WINDOWS)).toEqual([10]);
});

test('a refund that fails rejects nobody, and counts as a failure', async () => {
  const { store, state, lines } = aStoreThatMayFail();
  const { at } = await store.take('key', WINDOWS, 3);
  state.isFailing = true;
  await store.refund('key', WINDOWS, 3, at);
  expect(lines).toEqual([GONE]);
});

test('a call that fails late says nothing of a store that has come back', async () => {
  const { store, lines, calls, changes } = aStoreOfPromises();
  const [late, early] = [store.take('key', WINDOWS, 1), store.take('key', WINDOWS, 1)];
  calls[1]?.reject(new Error('gone'));
  expect(await early).toMatchObject({ isAllowed: true });
  await wait(5);
  store.take('key', WINDOWS, 1);
  calls[2]?.resolve({ isAllowed: true, retryAfterMs: 0, standings: [], at: 0 });
  await expect.poll(() => changes).toEqual([true, false]);
  calls[0]?.reject(new Error('gone'));
  // The fallback has counted it, beside the two others.
  expect(await late).toMatchObject({ isAllowed: true, standings: [{ remaining: 7 }] });
  expect(lines).toEqual([GONE, BACK]);
});

/** A main store whose calls the test answers. */
function aStoreOfPromises() {
  const calls: PromiseWithResolvers<Verdict>[] = [];
  const main: RateLimitStore = {
    take: () => {
      const call = Promise.withResolvers<Verdict>();
      calls.push(call);
      return call.promise;
    },
    refund: () => undefined,
  };
  const changes: boolean[] = [];
  const { log, lines } = aLog();
  const onChange = (isFallback: boolean) => changes.push(isFallback);
  return { store: createFallbackStore(main, createMemoryStore(), { log, onChange, retryMs: 1 }), calls, changes, lines };
}
