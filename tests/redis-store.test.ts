import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createRedisStore } from '../src/response-cache/redis-store.ts';
import { connectingToOneRedis, hasRedis } from './support/redis-server.ts';
import { bodyOf, keep, momentOf, response } from './support/response-stores.ts';

const aRedis = connectingToOneRedis();
let made = 0;

function aRedisStore(prefix = `test ${made++}:`) {
  const redis = aRedis();
  return Object.assign(createRedisStore(redis, { prefix }), { redis, prefix });
}

test.skipIf(!hasRedis)('gateways on one Redis see what the others keep and invalidate', async () => {
  const here = aRedisStore();
  const there = aRedisStore(here.prefix);
  const apart = aRedisStore();
  await keep(here, 'key', ['spas:1'], 'shared');
  expect(await bodyOf(there, 'key')).toBe('shared');
  expect(await bodyOf(apart, 'key')).toBeUndefined();
  const moment = await momentOf(there, 'other');
  await here.invalidate(['spas:1']);
  expect(await there.set('other', response(), ['spas:1'], moment)).toBe(false);
  expect(await bodyOf(there, 'key')).toBeUndefined();
  await keep(there, 'key', ['spas:1']);
  await here.clear();
  expect(await bodyOf(there, 'key')).toBeUndefined();
});

test.skipIf(!hasRedis)('every key that it writes expires, and nothing but the moments outlives the responses', async () => {
  const store = aRedisStore();
  const keys = () => store.redis.keys(`${store.prefix}*`);
  for (let i = 0; i < 50; i++)
    await store.set(`key ${i}`, response('{}', { expiresAt: Date.now() + 200 }), [`spas:${i}`], await momentOf(store, ''));
  await store.invalidate(['spas:1', 'spas:2']);
  for (const key of await keys()) expect(await store.redis.pttl(key), key).toBeGreaterThan(0);
  await wait(300);
  expect(await keys()).toEqual([`${store.prefix}moments`]);
  await store.clear();
  expect(await store.redis.zcard(`${store.prefix}moments`)).toBe(2);
  expect(await store.redis.pttl(`${store.prefix}moments`)).toBeGreaterThan(0);
});

test.skipIf(!hasRedis)('the moments stay few, whatever is invalidated', async () => {
  const store = aRedisStore();
  for (let i = 0; i < 80; i++) await store.invalidate(Array.from({ length: 1000 }, (_, j) => `spas:${i}:${j}`));
  expect(await store.redis.zcard(`${store.prefix}moments`)).toBeLessThanOrEqual(50_002);
  await keep(store, 'key', ['spas:0:0']);
});

test.skipIf(!hasRedis)('a Redis that lost the moments, or everything, takes and gives nothing from before', async () => {
  const store = aRedisStore();
  for (const lose of [() => store.redis.del(`${store.prefix}moments`), () => store.redis.flushall()]) {
    await keep(store, 'key', ['spas:1']);
    const moment = await momentOf(store, 'other');
    await lose();
    expect(await store.set('other', response(), ['spas:2'], moment)).toBe(false);
    expect(await bodyOf(store, 'key')).toBeUndefined();
    await lose();
    await store.invalidate(['spas:3']);
    expect(await store.set('other', response(), ['spas:2'], moment)).toBe(false);
  }
});

test.skipIf(!hasRedis)('one call is one command, and moments keep every digit', async () => {
  const store = aRedisStore();
  const monitor = await store.redis.duplicate().monitor();
  onTestFinished(() => monitor.disconnect());
  let sent: string[] = [];
  monitor.on('monitor', (_, [command], source) => source !== 'lua' && sent.push(command));
  await keep(store, 'key', ['spas:1']);
  // A monitor hears later: of what was sent before, too.
  await store.redis.ping();
  await expect.poll(() => sent).toContain('ping');
  sent = [];
  const moment = await momentOf(store, 'other');
  await store.invalidate(['spas:1']);
  expect(await momentOf(store, 'other')).toBe(moment + 1);
  await store.clear();
  expect(await momentOf(store, 'other')).toBe(moment + 2);
  await expect.poll(() => sent).toEqual(Array(5).fill(expect.stringMatching(/^eval/i)));
});

test.skipIf(!hasRedis)('calls reject when Redis does not answer in time', async () => {
  const store = createRedisStore(aRedis({ commandTimeout: 100 }), { prefix: 'paused:' });
  await keep(store, 'key', []);
  await aRedis().call('client', 'pause', '600', 'all');
  await expect(store.get('key')).rejects.toThrow('timed out');
  await expect(store.invalidate(['spas:1'])).rejects.toThrow('timed out');
  await wait(700);
  expect(await bodyOf(store, 'key')).toBeDefined();
});
