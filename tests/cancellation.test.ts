// Statements that nobody waits for any more end in PostgreSQL, and no other statement does.

import { getEventListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { encodeId } from '../src/graphql/ids.ts';
import { createLog } from '../src/log.ts';
import { openPostgres } from '../src/resources/postgres.ts';
import { aSharingApp, createRandom, lockTable, openSpas, range, turns, until } from './support/batching.ts';
import { createDatabase } from './support/database.ts';
import { delayCancels } from './support/slow-cancels.ts';

const SPA = 'query ($id: ID!) { spa(id: $id) { id } }';
const spaId = (id: number) => encodeId('Spa', id);

/** A pool of four connections to a database of its own. Its cancel requests may be held up. */
async function aPool({ options = '?connection_limit=4&pool_timeout=0', delayMs = undefined as (() => number) | undefined } = {}) {
  const empty = await createDatabase();
  const slow = delayMs && (await delayCancels(empty.url, delayMs));
  const postgres = await openPostgres(`${slow?.url ?? empty.url}${options}`, createLog({ level: 'silent' }));
  onTestFinished(() => postgres.close().finally(empty.drop));
  const { pool } = postgres;
  const counts = () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount });
  return { ...postgres, counts, cancels: () => slow?.cancels() ?? 0 };
}

test('a request that is given up has its statement gone from PostgreSQL within 200 ms', async () => {
  const { url, databaseUrl, pool, logged } = await aSharingApp();
  const lock = await lockTable(databaseUrl, 'spas');
  const give = new AbortController();
  const body = JSON.stringify({ query: SPA, variables: { id: spaId(1) } });
  const request = fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal: give.signal });
  await lock.untilBlocked(1);
  const start = performance.now();
  give.abort();
  await expect(request).rejects.toThrow(/abort/i);
  await lock.untilBlocked(0);
  expect(performance.now() - start).toBeLessThan(200);
  await until(() => pool.idleCount === pool.totalCount, 'the connection is free');
  expect(logged).toEqual([]);
});

test('a statement goes on while one of those who share it waits, and ends with the last', async () => {
  const world = await aSharingApp();
  await openSpas(world.databaseUrl);
  const lock = await lockTable(world.databaseUrl, 'spas');
  const ask = (id: number) => {
    const give = new AbortController();
    const answer = world.ask(SPA, { id: spaId(id) }, { signal: give.signal });
    const leave = () => {
      give.abort();
      return expect(answer).rejects.toThrow(/abort/i);
    };
    return { answer, leave };
  };
  const [first, second, staying] = [ask(1), ask(1), ask(2)];
  await lock.untilBlocked(1);
  const alone = ask(1);
  await lock.untilBlocked(2);
  await Promise.all([first.leave(), second.leave()]);
  await wait(200);
  expect(await lock.blocked()).toHaveLength(2);
  await alone.leave();
  await lock.untilBlocked(1);
  await lock.release();
  expect((await staying.answer).data.spa.id).toBe(spaId(2));
  expect(world.flushes.map(({ keys, callers }) => `${keys} for ${callers}`).sort()).toEqual(['1 for 0', '2 for 1']);
});

test.each([
  ['at once', undefined],
  ['late, when their connection may have been given to somebody else', (random: number) => random * 12],
])(
  'of 5,000 short statements a third are cancelled at random, and all others answer; requests come %s',
  async (_, delay) => {
    const seed = Number(process.env.CONVOY_TEST_SEED ?? Date.now() % 1e9);
    const { below } = createRandom(seed);
    const { database, pool, counts, cancels } = await aPool({ delayMs: delay && (() => delay(below(1000) / 1000)) });
    const seen = { answered: 0, cancelled: 0, answeredInTime: 0 };
    const read = async (n: number) => {
      const give = new AbortController();
      const reason = new Error('gone');
      const leaving = n % 3 === 0 ? wait(below(60) / 10).then(() => give.abort(reason)) : undefined;
      try {
        const values = [n, below(50) / 10_000];
        expect(await database.query('select $1::int4 as n, pg_sleep($2::float8)', values, give.signal), `seed ${seed}`).toEqual([
          { n, pg_sleep: '' },
        ]);
        if (leaving) seen.answeredInTime++;
        else seen.answered++;
      } catch (error) {
        if (error !== reason) throw error;
        seen.cancelled++;
      }
      expect(getEventListeners(give.signal, 'abort')).toEqual([]);
      await leaving;
    };
    let next = 0;
    await Promise.all(
      range(0, 5).map(async () => {
        while (next < 5000) await read(next++);
      }),
    );
    expect(seen.answered).toBe(3333);
    expect(seen.cancelled).toBeGreaterThan(200);
    if (delay) expect(cancels()).toBeGreaterThan(300);
    expect(counts()).toEqual({ total: 4, idle: 4, waiting: 0 });
    const pids = await Promise.all(range(0, 4).map(() => pool.query('select pg_backend_pid() as pid, pg_sleep(0.05)')));
    expect(new Set(pids.map(({ rows }) => rows[0].pid)).size).toBe(4);
    for (const name of ['error', 'drain'])
      for (const client of await Promise.all(range(0, 4).map(() => pool.connect()))) {
        expect(client.listenerCount(name)).toBe(0);
        client.release();
      }
  },
  30_000,
);

test('a statement that is cancelled in the moment in which it is sent ends too, and its connection is kept', async () => {
  const { database, counts } = await aPool({ options: '?connection_limit=1' });
  for (let round = 0; round < 60; round++) {
    const give = new AbortController();
    const start = performance.now();
    const query = database.query('select pg_sleep(5)', [], give.signal);
    if (round % 4 > 0) await (round % 4 === 1 ? turns(1) : wait(round % 4));
    give.abort(new Error('gone'));
    await expect(query).rejects.toThrow('gone');
    expect(performance.now() - start).toBeLessThan(500);
    await turns();
    expect(counts()).toEqual({ total: 1, idle: 1, waiting: 0 });
  }
});

test('where a cancel request does not arrive, the connection is closed instead, within about a second', async () => {
  const { database, counts } = await aPool({ delayMs: () => Number.POSITIVE_INFINITY });
  const give = new AbortController();
  const start = performance.now();
  const hanging = database.query('select pg_sleep(5)', [], give.signal);
  await wait(50);
  give.abort(new Error('gone'));
  await expect(hanging).rejects.toThrow('gone');
  expect(performance.now() - start).toBeLessThan(1500);
  expect(counts()).toEqual({ total: 0, idle: 0, waiting: 0 });
  expect(await database.query('select 1 as one', [], new AbortController().signal)).toEqual([{ one: 1 }]);
});

test('whoever leaves while waiting for a connection is let go at once, and takes none', async () => {
  const { database, pool, counts } = await aPool({ options: '?connection_limit=1' });
  const client = await pool.connect();
  const gives = range(0, 200).map(() => new AbortController());
  const leaving = gives.map(({ signal }) => database.query('select 1', [], signal));
  const give = new AbortController();
  const staying = database.query('select 2 as two', [], give.signal);
  const start = performance.now();
  for (const one of gives) one.abort(new Error('gone'));
  for (const query of leaving) await expect(query).rejects.toThrow('gone');
  expect(performance.now() - start).toBeLessThan(200);
  client.release();
  expect(await staying).toEqual([{ two: 2 }]);
  await turns();
  expect(counts()).toEqual({ total: 1, idle: 1, waiting: 0 });
  for (const { signal } of [...gives, give]) expect(getEventListeners(signal, 'abort')).toEqual([]);
  await expect(database.query('select 1', [], gives[0]?.signal)).rejects.toThrow('gone');
});

test('a statement that the server refuses leaves its connection as it was', async () => {
  const { database, pool, counts } = await aPool({ options: '?connection_limit=1&statement_timeout=600' });
  const [before] = (await pool.query('select pg_backend_pid() as pid')).rows;
  const { signal } = new AbortController();
  await expect(database.query('select 1 / 0', [], signal)).rejects.toThrow('division by zero');
  await expect(database.query('select pg_sleep(5)', [], signal)).rejects.toMatchObject({ code: '57014' });
  expect(await database.query('select pg_backend_pid() as pid', [], signal)).toEqual([before]);
  expect(counts()).toEqual({ total: 1, idle: 1, waiting: 0 });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('parameters that cannot be sent fail their statement and nothing else, and an error tells who has asked', async () => {
  const { database, counts } = await aPool({ options: '?connection_limit=1' });
  const { signal } = new AbortController();
  const odd = {
    toPostgres() {
      throw new Error('not to be sent');
    },
  };
  await expect(database.query('select $1::text', [odd], signal)).rejects.toThrow('not to be sent');
  expect(await database.query('select $1::text as sent', ['even'], signal)).toEqual([{ sent: 'even' }]);
  expect(counts()).toEqual({ total: 1, idle: 1, waiting: 0 });
  const failing = async function whoAsks() {
    await database.query('select 1 / 0', [], signal);
  };
  await expect(failing()).rejects.toMatchObject({ stack: expect.stringContaining('whoAsks') });
});

test('whoever leaves while waiting for a connection that does not come harms nobody', async () => {
  const { database, pool, counts } = await aPool({ options: '?connection_limit=1&pool_timeout=1' });
  const client = await pool.connect();
  const give = new AbortController();
  const leaving = range(0, 5).map(() => database.query('select 1', [], give.signal));
  const staying = database.query('select 1', [], new AbortController().signal);
  give.abort(new Error('gone'));
  for (const query of leaving) await expect(query).rejects.toThrow('gone');
  // The pool gives all of them up together; vitest fails a run in which an exception is left unhandled.
  await expect(staying).rejects.toMatchObject({ extensions: { code: 'OVERLOADED' } });
  await turns();
  client.release();
  expect(counts()).toEqual({ total: 1, idle: 1, waiting: 0 });
});
