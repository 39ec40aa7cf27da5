// Nothing stale, whatever breaks: writes while an answer is read, a listener that is cut off, a Redis that goes and comes back.

import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { encodeId } from '../src/graphql/ids.ts';
import { lockTable, until } from './support/batching.ts';
import { rowsOf } from './support/database.ts';
import { mutation, SPA } from './support/inputs.ts';
import { anOwnRedis, hasRedis } from './support/redis-server.ts';
import { type Operation, visit, warm } from './support/visitors.ts';
import { anApp } from './support/world.ts';

type World = Awaited<ReturnType<typeof anApp>>;

const page = (id = 1): Operation => ({
  query: 'query ($id: ID!) { spa: node(id: $id) { ... on Spa { name website } } }',
  variables: { id: encodeId('Spa', id) },
});
const nameFor = async (gateway: World) => (await visit(gateway, page())).data?.spa.name as string;
const rename = (databaseUrl: string, name: string) => rowsOf(databaseUrl, 'update spas set name = $1 where id = 1', [name]);
const renameThrough = async ({ ask, databaseUrl }: World, name: string) => {
  const [spa] = await rowsOf<{ version: number }>(databaseUrl, 'select version from spas where id = 1');
  const { errors } = await ask(mutation('saveSpa', '__typename'), { input: { id: SPA, version: spa?.version, name } }, { as: 'ADMIN' });
  expect(errors).toBeUndefined();
};
const isKept = async (gateway: World) => (await visit(gateway, page())).cache === 'hit';

async function aGateway(options: Parameters<typeof anApp>[0] = {}) {
  const gateway = await anApp({ responseCache: {}, ...options });
  await rowsOf(gateway.databaseUrl, 'update spas set is_active = true where id <= 2');
  return gateway;
}

const LISTENERS = `datname = current_database() and application_name = 'convoy changes'`;
const cutListeners = (databaseUrl: string) =>
  rowsOf(databaseUrl, `select pg_terminate_backend(pid) from pg_stat_activity where ${LISTENERS}`);

const stores: [name: string, isThere: boolean][] = [
  ['memory', true],
  ['Redis', hasRedis],
];
const cacheIn = async (store: string) => (store === 'Redis' ? { redisUrl: (await anOwnRedis()).url } : {});

describe.each(stores)('in %s', (store, isThere) => {
  const check = test.skipIf(!isThere);

  check.each(['elsewhere', 'the gateway'])('an answer that was read before a write by %s is not kept after it', async (by) => {
    const gateway = await aGateway({ responseCache: await cacheIn(store) });
    // The spa is read first, then its openings.
    const query = 'query ($id: ID!) { spa(id: $id) { name hiringForms(first: 1) { nodes { id } } } }';
    const visitPage = () => visit(gateway, { query, variables: { id: SPA } });
    await warm(gateway, { query, variables: { id: SPA } });
    await renameThrough(gateway, 'Before');
    const lock = await lockTable(gateway.databaseUrl, 'hiring_forms');
    const early = visitPage();
    await lock.untilBlocked(1);
    if (by === 'elsewhere') {
      await rename(gateway.databaseUrl, 'After');
      await wait(200);
    } else await renameThrough(gateway, 'After');
    // They join the one who is reading, and may not have the same answer.
    const late = [visitPage(), visitPage()];
    await wait(50);
    await lock.release();
    expect((await early).data.spa.name).toBe('Before');
    expect((await early).cache).toBeNull();
    for (const { data } of await Promise.all(late)) expect(data.spa.name).toBe('After');
    expect((await visitPage()).data.spa.name).toBe('After');
  });

  check('whoever asks while an answer is being made gets none from before a write that they know of', async () => {
    const gateway = await aGateway({ responseCache: await cacheIn(store) });
    await warm(gateway, page());
    await rename(gateway.databaseUrl, 'Before');
    await until(async () => (await nameFor(gateway)) === 'Before', 'the write is seen');
    await renameThrough(gateway, 'Between');
    const lock = await lockTable(gateway.databaseUrl, 'spas');
    const first = visit(gateway, page());
    await lock.untilBlocked(1);
    await lock.release();
    await renameThrough(gateway, 'After');
    const later = await Promise.all(Array.from({ length: 10 }, () => visit(gateway, page())));
    for (const { data } of later) expect(data.spa.name).toBe('After');
    expect(['Between', 'After']).toContain((await first).data.spa.name);
  });

  check('while changes go unheard nothing is answered from the cache, and then it comes back into use', async () => {
    const gateway = await aGateway({ responseCache: await cacheIn(store) });
    for (let round = 0; round < 3; round++) {
      await warm(gateway, page());
      await cutListeners(gateway.databaseUrl);
      await rename(gateway.databaseUrl, `Round ${round}`);
      // The gateway learns from its own socket that the connection is gone.
      await until(async () => (await nameFor(gateway)) === `Round ${round}`, 'the write is seen');
      for (let again = 0; again < 20; again++) expect(await nameFor(gateway)).toBe(`Round ${round}`);
    }
    await until(() => isKept(gateway), 'the cache is in use again');
    await renameThrough(gateway, 'Last');
    expect(await nameFor(gateway)).toBe('Last');
  });

  check('a mutation that comes while changes go unheard is seen at once', async () => {
    const gateway = await aGateway({ responseCache: await cacheIn(store) });
    for (let round = 0; round < 5; round++) {
      await warm(gateway, page());
      const cut = cutListeners(gateway.databaseUrl);
      await renameThrough(gateway, `Round ${round}`);
      expect(await nameFor(gateway)).toBe(`Round ${round}`);
      await cut;
    }
  });

  check('a client that hangs up while its answer is made leaves those who wait for it theirs', async () => {
    const gateway = await aGateway({ responseCache: await cacheIn(store) });
    await visit(gateway, page());
    const lock = await lockTable(gateway.databaseUrl, 'spas');
    const leaving = new AbortController();
    const body = JSON.stringify(page());
    const gone = fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      signal: leaving.signal,
    }).catch(() => 'gone');
    await lock.untilBlocked(1);
    const others = Array.from({ length: 10 }, () => visit(gateway, page()));
    await wait(50);
    leaving.abort();
    expect(await gone).toBe('gone');
    await lock.release();
    for (const { status, data } of await Promise.all(others)) expect([status, typeof data?.spa.name]).toEqual([200, 'string']);
  });
});

describe.skipIf(!hasRedis)('a Redis', () => {
  const aGatewayOnRedis = async () => {
    const redis = await anOwnRedis();
    return { redis, gateway: await aGateway({ responseCache: { redisUrl: redis.url } }) };
  };

  test('that goes away is not missed, and is used again when it is back', async () => {
    const { redis, gateway } = await aGatewayOnRedis();
    for (let round = 0; round < 2; round++) {
      await warm(gateway, page());
      await redis.kill();
      for (let again = 0; again < 10; again++) {
        await renameThrough(gateway, `Round ${round} ${again}`);
        expect((await visit(gateway, page())).data.spa.name).toBe(`Round ${round} ${again}`);
      }
      await redis.start();
      for (let again = 0; again < 10; again++) expect(await nameFor(gateway)).toBe(`Round ${round} 9`);
      await until(() => isKept(gateway), 'the cache is in use again');
    }
  });

  test('that comes back with what it held before shows nothing of it', async () => {
    const { redis, gateway } = await aGatewayOnRedis();
    await warm(gateway, page());
    await redis.save();
    await renameThrough(gateway, 'After');
    expect(await nameFor(gateway)).toBe('After');
    await redis.kill();
    await redis.start();
    for (let again = 0; again < 60; again++) {
      expect(await nameFor(gateway)).toBe('After');
      await wait(20);
    }
    await until(() => isKept(gateway), 'the cache is in use again');
  });

  test('that does not answer holds nobody up for long, and shows nothing stale when it goes on', async () => {
    const { redis, gateway } = await aGatewayOnRedis();
    await warm(gateway, page());
    redis.hold();
    const start = performance.now();
    await renameThrough(gateway, 'Meanwhile');
    expect(await nameFor(gateway)).toBe('Meanwhile');
    expect(performance.now() - start).toBeLessThan(2000);
    await renameThrough(gateway, 'After');
    redis.goOn();
    for (let again = 0; again < 40; again++) {
      expect(await nameFor(gateway)).toBe('After');
      await wait(10);
    }
    await until(() => isKept(gateway), 'the cache is in use again');
  });

  test('serves two gateways: what one keeps the other finds, and a write through one is seen by both', async () => {
    const { redis, gateway } = await aGatewayOnRedis();
    const other = await anApp({ beside: gateway, responseCache: { redisUrl: redis.url } });
    await until(async () => (await isKept(gateway)) && (await isKept(other)), 'both answer from the cache');
    const sent = await other.statements.during(() => visit(other, page()));
    expect(sent).toEqual([]);
    for (let round = 0; round < 20; round++) {
      const [writer, reader] = round % 2 === 0 ? [gateway, other] : [other, gateway];
      await renameThrough(writer, `Round ${round}`);
      expect(await nameFor(writer)).toBe(`Round ${round}`);
      await until(async () => (await nameFor(reader)) === `Round ${round}`, 'the other gateway shows it');
      await warm(reader, page());
    }
  });
});
