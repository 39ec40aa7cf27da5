// A Redis for persisted documents that goes, hangs and comes back: clients send their texts, and see no error of it.

import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createLog } from '../src/log.ts';
import { openPersistedDocuments } from '../src/resources/persisted.ts';
import { apq, documentOf, hashOf, refusalOf, register } from './support/persisted.ts';
import { anOwnRedis, hasRedis } from './support/redis-server.ts';

async function aGateway(redisUrl: string) {
  const logged: string[] = [];
  const log = createLog({ destination: { write: (line: string) => void logged.push(JSON.parse(line).msg) } });
  const options = { manifestFile: '', mode: 'off', apq: true, redisUrl, maxBytes: 1_000_000 } as const;
  const { documents, close } = await openPersistedDocuments(options, log);
  onTestFinished(close);
  const find = async (text: string) => (await documents.resolve(apq(hashOf(text)) as { query?: string })).query;
  return { documents, logged, find, refusal: (text: string) => refusalOf(documents, apq(hashOf(text))) };
}

const NOT_FOUND = { code: 'PERSISTED_QUERY_NOT_FOUND', status: 200, message: 'PersistedQueryNotFound' };
const LOST = expect.stringContaining('does not answer for persisted documents');
const BACK = expect.stringContaining('again');
const [KNOWN, UNKNOWN, MEANWHILE] = [documentOf(1), documentOf(2), documentOf(3)];

describe.skipIf(!hasRedis)('a Redis', () => {
  test('that goes is a miss for what the process does not know, logged once, and used again when it is back', async () => {
    const redis = await anOwnRedis();
    const gateway = await aGateway(redis.url);
    await register(gateway.documents, KNOWN);
    for (let round = 0; round < 2; round++) {
      await redis.kill();
      for (let i = 0; i < 20; i++) {
        expect(await gateway.find(KNOWN)).toBe(KNOWN);
        expect(await gateway.refusal(UNKNOWN)).toEqual(NOT_FOUND);
        await register(gateway.documents, documentOf(100 + i));
        // Long enough for it to be asked again, twice.
        await wait(120);
      }
      await register(gateway.documents, MEANWHILE);
      expect(await gateway.find(MEANWHILE)).toBe(MEANWHILE);
      await redis.start();
      const other = await aGateway(redis.url);
      // Redis remembers nothing: it is told again what is in use, from before and from meanwhile.
      for (const text of [KNOWN, MEANWHILE]) {
        const found = async () => {
          expect(await gateway.find(text)).toBe(text);
          return await other.find(text).catch(() => 'not yet');
        };
        await expect.poll(found, { timeout: 10_000 }).toBe(text);
      }
      await expect.poll(() => gateway.logged).toEqual(Array.from({ length: round + 1 }, () => [LOST, BACK]).flat());
    }
  });

  test('that hangs holds a client up once in a while, not each of them, and knows again what it knew', async () => {
    const redis = await anOwnRedis();
    const [gateway, other] = [await aGateway(redis.url), await aGateway(redis.url)];
    await register(other.documents, UNKNOWN);
    await register(gateway.documents, KNOWN);
    // What is accepted is written behind the answer.
    await expect.poll(() => other.find(KNOWN).catch(() => 'not yet')).toBe(KNOWN);
    redis.hold();
    const start = performance.now();
    for (let i = 0; i < 50; i++) {
      expect(await gateway.refusal(UNKNOWN)).toEqual(NOT_FOUND);
      expect(gateway.documents.resolve(apq(hashOf(KNOWN)))).toMatchObject({ query: KNOWN });
      await register(gateway.documents, MEANWHILE);
    }
    expect(performance.now() - start).toBeLessThan(1000);
    redis.goOn();
    await expect.poll(() => gateway.find(UNKNOWN).catch(() => 'not yet'), { timeout: 10_000 }).toBe(UNKNOWN);
    expect(gateway.logged).toEqual([LOST, BACK]);
  });
});
