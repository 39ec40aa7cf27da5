import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createMemoryStore } from '../src/response-cache/memory-store.ts';
import { response } from './support/response-stores.ts';

test('the memory store drops the least recently used beyond its bytes, and their tags with them', () => {
  const store = createMemoryStore({ maxBytes: 100_000 });
  for (let i = 0; i < 1000; i++) {
    expect(store.set(`key ${i}`, response('x'.repeat(1000)), ['#spas', `spas:${i}`], 0)).toBe(true);
    expect(store.get('key 0').found).toBeDefined();
  }
  const { responses, tags, bytes } = store.size();
  expect(bytes).toBeLessThanOrEqual(100_000);
  expect(responses).toBeGreaterThan(40);
  expect(tags).toBe(responses + 1);
  expect(store.get('key 1').found).toBeUndefined();
  store.invalidate(['#spas']);
  expect(store.size()).toEqual({ responses: 0, tags: 0, bytes: 0 });
});

test('a response that is kept keeps no memory beside its own', () => {
  const store = createMemoryStore({ maxBytes: 100_000 });
  const body = Buffer.from('x'.repeat(1000));
  expect(body.buffer.byteLength, 'a part of a larger buffer').toBeGreaterThan(10_000);
  store.set('key', { ...response(), body }, [], 0);
  const kept = store.get('key').found?.body;
  expect(kept?.equals(body)).toBe(true);
  expect(kept?.buffer.byteLength).toBe(1000);
});

test('the memory store does not keep a response that takes a large share of it', () => {
  const store = createMemoryStore({ maxBytes: 100_000 });
  expect(store.set('large', response('x'.repeat(6000)), [], 0)).toBe(false);
  // Half as many characters of a script that takes two bytes each.
  expect(store.set('large', response('न'.repeat(3000)), [], 0)).toBe(false);
  expect(
    store.set(
      'many tags',
      response(),
      Array.from({ length: 40 }, (_, i) => `spas:${i}`),
      0,
    ),
  ).toBe(false);
  expect(store.set('ordinary', response('x'.repeat(3000)), ['#spas'], 0)).toBe(true);
  expect(store.size()).toMatchObject({ responses: 1, tags: 1 });
});

test('what has expired, and nobody asks for again, makes room for what comes', () => {
  vi.useFakeTimers({ now: Date.now() });
  onTestFinished(() => void vi.useRealTimers());
  const store = createMemoryStore({ maxBytes: 1_000_000 });
  store.set('lasting', response('{}', { expiresAt: Date.now() + 300_000 }), ['a'], 0);
  for (let i = 0; i < 10; i++) store.set(`old ${i}`, response('{}', { expiresAt: Date.now() + 1000 }), [`old:${i}`], 0);
  vi.advanceTimersByTime(6000);
  store.set('new', response('{}', { expiresAt: Date.now() + 1000 }), ['a'], 0);
  expect(store.size()).toMatchObject({ responses: 2, tags: 1 });
});

test('the memory store keeps no tag of what expired, was replaced, dropped or cleared', async () => {
  const store = createMemoryStore({ maxBytes: 1_000_000 });
  store.set('key', response('{}', { expiresAt: Date.now() + 20 }), ['a', 'b', 'a'], 0);
  expect(store.size()).toMatchObject({ responses: 1, tags: 2 });
  await wait(40);
  expect(store.get('key').found).toBeUndefined();
  expect(store.size()).toEqual({ responses: 0, tags: 0, bytes: 0 });
  store.set('key', response(), ['a', 'b'], 0);
  store.set('key', response(), ['c'], 0);
  expect(store.size()).toMatchObject({ responses: 1, tags: 1 });
  store.set('other', response(), ['c', 'd'], 0);
  store.invalidate(['d']);
  expect(store.size()).toMatchObject({ responses: 1, tags: 1 });
  store.clear();
  expect(store.size()).toEqual({ responses: 0, tags: 0, bytes: 0 });
});
