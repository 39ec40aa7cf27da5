import { describe, expect, onTestFinished, test } from 'vitest';
import { createLog } from '../src/log.ts';
import type { DocumentStore } from '../src/persisted/document-store.ts';
import { createMemoryDocumentStore } from '../src/persisted/memory-document-store.ts';
import { createRedisDocumentStore, type RedisDocumentStoreOptions } from '../src/persisted/redis-document-store.ts';
import { documentOf, hashOf } from './support/persisted.ts';
import { connectingToOneRedis, hasRedis } from './support/redis-server.ts';

const aRedis = connectingToOneRedis();
const log = createLog({ level: 'silent' });
let made = 0;

function aRedisStore({ prefix = `test ${made++}:`, ...options }: Partial<RedisDocumentStoreOptions> = {}) {
  const redis = aRedis();
  return Object.assign(createRedisDocumentStore(redis, { prefix, ...options }, log), { redis, prefix });
}

/** Keeps a text under its hash, which it gives back. */
async function keep(store: DocumentStore, text: string) {
  await store.set(hashOf(text), text);
  return hashOf(text);
}

/** The names of the commands that come to Redis from now on, once all until now have come. */
async function commandsTo(redis: ReturnType<typeof aRedis>) {
  const monitor = await redis.duplicate().monitor();
  onTestFinished(() => monitor.disconnect());
  const names: string[] = [];
  monitor.on('monitor', (_, [name]) => names.push(name.toLowerCase()));
  return {
    settled: async () => {
      await redis.echo('all');
      await expect.poll(() => names.includes('echo')).toBe(true);
      return names.splice(0).filter((name) => name !== 'echo');
    },
  };
}

const stores: [name: string, isThere: boolean, create: (maxBytes?: number) => DocumentStore][] = [
  ['the memory store', true, (maxBytes) => createMemoryDocumentStore({ maxBytes })],
  ['the Redis store', hasRedis, (maxBytes) => aRedisStore({ maxBytes })],
];

describe.each(stores)('%s', (_, isThere, create) => {
  test.skipIf(!isThere)('gives back what it was given, and nothing else', async () => {
    const store = create();
    const text = '{ spa(name: "Śānti 💆 नाम") { id } }';
    expect(await store.get(hashOf(text))).toBeUndefined();
    await keep(store, text);
    await keep(store, documentOf(1));
    expect(await store.get(hashOf(text))).toBe(text);
    for (const hash of [hashOf('other'), '__proto__', 'constructor', '']) expect(await store.get(hash), hash).toBeUndefined();
    await keep(store, text);
    expect(await store.get(hashOf(text))).toBe(text);
  });

  test.skipIf(!isThere)('a document that it knows costs no turn of the loop', async () => {
    const store = create();
    const hash = await keep(store, documentOf(1));
    expect(store.get(hash)).toBe(documentOf(1));
  });
});

test('the memory store stays within its bytes with 100,000 documents, and keeps those in use', async () => {
  const maxBytes = 2 ** 20;
  const store = createMemoryDocumentStore({ maxBytes });
  const first = await keep(store, documentOf(0, 1000));
  for (let i = 1; i <= 100_000; i++) {
    store.set(String(i).padStart(64, '0'), documentOf(i, i % 2000));
    expect(store.get(first)).toBeDefined();
  }
  const { documents, bytes } = store.size();
  expect(bytes).toBeLessThanOrEqual(maxBytes);
  expect(bytes).toBeGreaterThan(0.95 * maxBytes);
  expect(documents).toBeGreaterThan(400);
  expect(store.get(String(1).padStart(64, '0'))).toBeUndefined();
  expect(store.get(String(100_000).padStart(64, '0'))).toBeDefined();
});

test('the memory store counts two bytes a character where V8 takes them, and keeps nothing larger than itself', () => {
  const store = createMemoryDocumentStore({ maxBytes: 2000 });
  store.set('large', 'x'.repeat(1800));
  store.set('wide', 'न'.repeat(900));
  expect(store.size()).toEqual({ documents: 0, bytes: 0 });
  store.set('small', 'x'.repeat(1500));
  expect(store.size().documents).toBe(1);
});

describe.skipIf(!hasRedis)('the Redis store', () => {
  test('shares documents between gateways, each of which asks once', async () => {
    const here = aRedisStore();
    const there = aRedisStore({ prefix: here.prefix });
    const apart = aRedisStore();
    const hash = await keep(here, documentOf(1));
    const { settled } = await commandsTo(here.redis);
    expect(await Promise.all(Array.from({ length: 40 }, () => there.get(hash)))).toEqual(Array(40).fill(documentOf(1)));
    for (let i = 0; i < 10; i++) expect(there.get(hash)).toBe(documentOf(1));
    expect(await settled()).toEqual(['getex']);
    expect(await apart.get(hash)).toBeUndefined();
  });

  test('keeps a document as long as it is in use, and brings it back when Redis has lost it', async () => {
    const [here, there] = [aRedisStore({ expirySeconds: 3 }), aRedisStore({ expirySeconds: 100 })];
    const hash = await keep(here, documentOf(1));
    const key = `${here.prefix}document:${hash}`;
    expect(await here.redis.ttl(key)).toBeGreaterThan(0);
    await here.redis.expire(key, 1);
    expect(await aRedisStore({ prefix: here.prefix, expirySeconds: 100 }).get(hash)).toBe(documentOf(1));
    expect(await here.redis.ttl(key)).toBeGreaterThan(90);

    await here.redis.flushall();
    await expect.poll(() => here.get(hash) === documentOf(1) && here.redis.exists(key)).toBe(1);
    const { settled } = await commandsTo(here.redis);
    await keep(there, documentOf(2));
    for (let i = 0; i < 100; i++) {
      there.get(hashOf(documentOf(2)));
      await keep(there, documentOf(2));
    }
    expect(await settled()).toEqual(['set']);
  });

  test('writes a document again that is registered again, where Redis has lost it', async () => {
    const store = aRedisStore();
    const hash = await keep(store, documentOf(1));
    await store.redis.flushall();
    await expect
      .poll(
        async () => {
          await keep(store, documentOf(1));
          return store.redis.exists(`${store.prefix}document:${hash}`);
        },
        { timeout: 10_000 },
      )
      .toBe(1);
  });

  test('keeps no document that is longer than may be', async () => {
    const store = aRedisStore({ maxDocumentBytes: 100 });
    const hashes = [await keep(store, documentOf(1, 100)), await keep(store, documentOf(2, 101)), await keep(store, 'न'.repeat(34))];
    expect(await Promise.all(hashes.map((hash) => store.get(hash)))).toEqual([documentOf(1, 100), undefined, undefined]);
    expect(await store.redis.keys(`${store.prefix}*`)).toEqual([`${store.prefix}document:${hashes[0]}`]);
  });

  test('takes no text out of Redis that is not the hash’s, and nothing that is no text', async () => {
    const store = aRedisStore();
    const key = (text: string) => `${store.prefix}document:${hashOf(text)}`;
    await store.redis.set(key('asked'), '{ forged }');
    await store.redis.lpush(key('list'), 'list');
    expect(await store.get(hashOf('asked'))).toBeUndefined();
    expect(await store.get(hashOf('list'))).toBeUndefined();
  });

  test('takes a bounded part of the process, however many documents are registered', async () => {
    const store = aRedisStore({ maxBytes: 100_000 });
    const hashes = await Promise.all(Array.from({ length: 500 }, (_, i) => keep(store, documentOf(i, 1000))));
    const { settled } = await commandsTo(store.redis);
    expect(await store.get(hashes[0] as string)).toBe(documentOf(0, 1000));
    expect(await store.get(hashes[499] as string)).toBe(documentOf(499, 1000));
    expect(await settled()).toEqual(['getex']);
  });
});
