import { expect, test, vi } from 'vitest';
import { Dependencies } from '../src/batching/dependencies.ts';
import { createLog } from '../src/log.ts';
import type { ChangeListener } from '../src/resources/changes.ts';
import { createMemoryStore } from '../src/response-cache/memory-store.ts';
import { createResponseCache } from '../src/response-cache/response-cache.ts';
import type { ResponseStore } from '../src/response-cache/store.ts';

/** A cache over a store that can be made to fail. */
function aCache() {
  const memory = createMemoryStore({ maxBytes: 1e6 });
  const state = { isDown: false, clears: 0 };
  const work = async <T>(answer: () => T): Promise<T> => {
    if (state.isDown) throw new Error('The store is down.');
    return answer();
  };
  const store: ResponseStore = {
    get: (key) => work(() => memory.get(key)),
    set: (...args) => work(() => memory.set(...args)),
    invalidate: (tags) => work(() => memory.invalidate(tags)),
    clear: () => {
      state.clears++;
      return work(() => memory.clear());
    },
  };
  const listeners: ChangeListener[] = [];
  const subscribe = (listener: ChangeListener) => {
    listeners.push(listener);
    return () => undefined;
  };
  const cache = createResponseCache(store, { isConnected: true, subscribe }, createLog({ level: 'silent' }));
  return { cache, state, announce: (tag: string) => listeners.forEach((listener) => void listener.onChange([tag])) };
}

const made = (body: string) => async () => ({ body, dependencies: Object.assign(new Dependencies(), { tags: new Set(['spas']) }) });

test('a store that fails is tried again once a second, however much it has missed, and cleared before it is used again', async () => {
  const { cache, state, announce } = aCache();
  expect((await cache.share('key', 60, made('old')))?.body.toString()).toBe('old');
  state.isDown = true;
  for (let i = 0; i < 100; i++) announce('spas');
  await vi.waitFor(() => expect(cache.find('key')).toBeUndefined());
  state.clears = 0;
  await new Promise((resolve) => setTimeout(resolve, 2500));
  expect(state.clears).toBeGreaterThan(0);
  expect(state.clears).toBeLessThan(4);
  state.isDown = false;
  await vi.waitFor(async () => expect((await cache.share('key', 60, made('new')))?.body.toString()).toBe('new'), 3000);
  expect((await cache.find('key'))?.body.toString()).toBe('new');
});

test('a store that does not answer is asked once, and then left alone', async () => {
  const { cache, state } = aCache();
  state.isDown = true;
  expect(await cache.find('key')).toBeUndefined();
  expect(cache.find('key')).toBeUndefined();
  let works = 0;
  const work = async () => {
    works++;
    return undefined;
  };
  expect(await cache.share('key', 60, work)).toBeUndefined();
  expect(works).toBe(0);
});
