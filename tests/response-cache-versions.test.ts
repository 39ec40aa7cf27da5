// Gateways of different versions beside each other, as while one is being rolled out: what one keeps is not for the other.

import { describe, expect, onTestFinished, test } from 'vitest';
import { Dependencies } from '../src/batching/dependencies.ts';
import { createLog } from '../src/log.ts';
import { openResponseCache } from '../src/resources/response-cache.ts';
import { createDatabase } from './support/database.ts';
import { anOwnRedis, hasRedis } from './support/redis-server.ts';

describe.skipIf(!hasRedis)('a Redis that gateways share', () => {
  test('holds answers for those of one version, and another version neither finds nor clears nor makes them stale', async () => {
    const { url: redisUrl } = await anOwnRedis();
    const { url: databaseUrl, drop } = await createDatabase();
    onTestFinished(drop);
    const open = async (version: string) => {
      const cache = await openResponseCache({ databaseUrl, redisUrl, version, maxBytes: 1e6 }, createLog({ level: 'silent' }));
      onTestFinished(cache.close);
      await cache.barrier();
      const answer = async (body: string) => {
        const dependencies = new Dependencies();
        dependencies.add(['spas']);
        return (await cache.responses.share('key', 60, async () => ({ body, dependencies })))?.body.toString();
      };
      const find = async () => (await cache.responses.find('key'))?.body.toString();
      return { answer, find };
    };
    // Whoever opens clears what it may have missed changes of: what is of its own version.
    const [one, same] = [await open('one'), await open('one')];
    expect(await one.answer('answer of one')).toBe('answer of one');
    const other = await open('other');
    expect([await one.find(), await same.find(), await other.find()]).toEqual(['answer of one', 'answer of one', undefined]);
    expect(await other.answer('answer of the other')).toBe('answer of the other');
    expect([await same.find(), await other.find(), await same.answer('new')]).toEqual([
      'answer of one',
      'answer of the other',
      'answer of one',
    ]);
    await open('');
    expect([await one.find(), await other.find()]).toEqual(['answer of one', 'answer of the other']);
  });
});
