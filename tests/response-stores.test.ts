// What every store of responses keeps to.

import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createMemoryStore } from '../src/response-cache/memory-store.ts';
import { createRedisStore } from '../src/response-cache/redis-store.ts';
import type { ResponseStore } from '../src/response-cache/store.ts';
import { connectingToOneRedis, hasRedis } from './support/redis-server.ts';
import { bodyOf, keep, momentOf, response } from './support/response-stores.ts';

const aRedis = connectingToOneRedis();
let made = 0;

const stores: [name: string, isThere: boolean, create: () => ResponseStore][] = [
  ['the memory store', true, () => createMemoryStore({ maxBytes: 10_000_000 })],
  ['the Redis store', hasRedis, () => createRedisStore(aRedis(), { prefix: `test ${made++}:` })],
];

describe.each(stores)('%s', (_, isThere, create) => {
  const check = test.skipIf(!isThere);

  check('gives back what it was given, until that expires', async () => {
    const store = create();
    expect(await store.get('key')).toEqual({ found: undefined, moment: expect.any(Number) });
    const kept = response('{"data":{"नाम":"Śānti 💆"}}', { expiresAt: Date.now() + 150 });
    expect(await store.set('key', kept, ['#spas'], await momentOf(store, 'key'))).toBe(true);
    expect(await store.get('key')).toEqual({ found: kept });
    expect(await bodyOf(store, 'other key')).toBeUndefined();
    await wait(200);
    expect(await bodyOf(store, 'key')).toBeUndefined();
    expect(await store.set('key', response('{}', { expiresAt: Date.now() - 1 }), [], await momentOf(store, 'key'))).toBe(false);
    expect(await bodyOf(store, 'key')).toBeUndefined();
  });

  check('drops exactly the responses that carry an invalidated tag', async () => {
    const store = create();
    await keep(store, 'one', ['#spas', 'spas:1']);
    await keep(store, 'two', ['#spas', 'spas:2']);
    await keep(store, 'list', ['#spas', '#certificates', 'certificates.spa_id=1']);
    await keep(store, 'without', []);
    const kept = async () => {
      const keys: string[] = [];
      for (const key of ['one', 'two', 'list', 'without']) if ((await store.get(key)).found) keys.push(key);
      return keys;
    };
    await store.invalidate([]);
    await store.invalidate(['spas:3', 'spas', '#spa', 'spas:', '']);
    expect(await kept()).toEqual(['one', 'two', 'list', 'without']);
    await store.invalidate(['spas:1', 'spas:3']);
    expect(await kept()).toEqual(['two', 'list', 'without']);
    await store.invalidate(['certificates.spa_id=1']);
    expect(await kept()).toEqual(['two', 'without']);
    await store.invalidate(['#spas']);
    expect(await kept()).toEqual(['without']);
    await store.clear();
    expect(await kept()).toEqual([]);
    await keep(store, 'one', ['#spas', 'spas:1']);
    expect(await kept()).toEqual(['one']);
  });

  check('refuses what was read before one of its tags was invalidated, and nothing else', async () => {
    const store = create();
    const moment = await momentOf(store, 'key');
    await store.invalidate(['spas:2']);
    expect(await store.set('key', response(), ['#spas', 'spas:1'], moment)).toBe(true);

    const before = await momentOf(store, 'other');
    await store.invalidate(['users:1', 'spas:1']);
    expect(await store.set('other', response(), ['#spas', 'spas:1'], before)).toBe(false);
    expect(await bodyOf(store, 'other')).toBeUndefined();
    expect(await store.set('other', response(), ['#spas', 'spas:1'], await momentOf(store, 'other'))).toBe(true);
    expect(await bodyOf(store, 'other')).toBeDefined();
  });

  check('a refused response leaves the one that is there', async () => {
    const store = create();
    const early = await momentOf(store, 'key');
    await store.invalidate(['spas:1']);
    await keep(store, 'key', ['spas:1'], 'fresh');
    expect(await store.set('key', response('stale'), ['spas:1'], early)).toBe(false);
    expect(await bodyOf(store, 'key')).toBe('fresh');
  });

  check('keeps nothing that was begun before it was cleared', async () => {
    const store = create();
    const moment = await momentOf(store, 'key');
    await store.clear();
    expect(await store.set('key', response(), [], moment)).toBe(false);
    expect(await store.set('key', response(), [], await momentOf(store, 'key'))).toBe(true);
  });

  check('a response that replaces another has its own tags only', async () => {
    const store = create();
    const moment = await momentOf(store, 'key');
    expect(await store.set('key', response('first'), ['spas:1', 'spas:2'], moment)).toBe(true);
    expect(await store.set('key', response('second'), ['spas:2', 'spas:3'], moment)).toBe(true);
    await store.invalidate(['spas:1']);
    expect(await bodyOf(store, 'key')).toBe('second');
    await store.invalidate(['spas:3']);
    expect(await bodyOf(store, 'key')).toBeUndefined();
  });

  check('remembers so many invalidations, and refuses what is older than all of them', async () => {
    const store = create();
    const moment = await momentOf(store, 'key');
    for (let i = 0; i < 60; i++) await store.invalidate(Array.from({ length: 1000 }, (_, j) => `spas:${i}:${j}`));
    expect(await store.set('key', response(), ['users:1'], moment)).toBe(false);
    await keep(store, 'key', ['users:1', 'spas:0:0']);
    await store.invalidate(['users:1']);
    expect(await bodyOf(store, 'key')).toBeUndefined();
  });

  check('names of the language and of its own keys are ordinary keys and tags', async () => {
    const store = create();
    const names = ['__proto__', 'constructor', 'toString', 'now', 'floor', 'moments', ':', '', 'a b\n\0c', '💆', '#'];
    for (const name of names) {
      expect(await bodyOf(store, name), name).toBeUndefined();
      await keep(store, name, [name]);
    }
    for (const [i, name] of names.entries()) {
      await store.invalidate([name]);
      for (const [j, other] of names.entries())
        expect(await bodyOf(store, other), `${other} after ${name}`)[j > i ? 'toBeDefined' : 'toBeUndefined']();
    }
  });

  check('takes ten thousand tags', async () => {
    const store = create();
    const tags = Array.from({ length: 500 }, (_, id) => `spas:${id}`);
    await keep(store, 'key', tags);
    const many = Array.from({ length: 10_000 }, (_, id) => `users:${id}`);
    await store.invalidate(many);
    expect(await bodyOf(store, 'key')).toBeDefined();
    await store.invalidate([...many, 'spas:499']);
    expect(await bodyOf(store, 'key')).toBeUndefined();
  });

  check('whatever the order of reads and writes, what it gives is never older than the last invalidation', async () => {
    const store = create();
    const random = createRandom(7);
    const TAGS = 6;
    const database = Array.from({ length: TAGS }, () => 0);
    /** The version of each tag that every reader must see from now on. */
    const announced = [...database];
    let [kept, refused, hits] = [0, 0, 0];
    const sometimes = async () => {
      for (let turns = random(4); turns > 0; turns--) await turn();
    };
    const write = async () => {
      const tag = random(TAGS);
      const version = ++(database[tag] as number[][number]);
      await sometimes();
      if (random(40) === 0) await store.clear();
      else await store.invalidate([`spas:${tag}`]);
      announced[tag] = Math.max(announced[tag] ?? 0, version);
    };
    const read = async () => {
      const tags = [random(TAGS), random(TAGS)];
      const key = tags.join();
      const least = tags.map((tag) => announced[tag] ?? 0);
      const lookup = await store.get(key);
      if (lookup.found) {
        hits++;
        const versions: number[] = JSON.parse(lookup.found.body.toString());
        for (const [i, version] of versions.entries()) expect(version).toBeGreaterThanOrEqual(least[i] ?? 0);
        return;
      }
      await sometimes();
      const versions: number[] = [];
      for (const tag of tags) {
        versions.push(database[tag] ?? 0);
        await sometimes();
      }
      const names = tags.map((tag) => `spas:${tag}`);
      if (await store.set(key, response(JSON.stringify(versions)), names, lookup.moment)) kept++;
      else refused++;
    };
    const work = async () => {
      for (let round = 0; round < 400; round++) await (random(8) === 0 ? write() : read());
    };
    await Promise.all(Array.from({ length: 12 }, work));
    for (const count of [kept, refused, hits]) expect(count).toBeGreaterThan(100);
  });
});

/** Whole numbers below a bound, the same ones each run. */
function createRandom(seed: number) {
  let state = seed;
  return (bound: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * bound);
  };
}
