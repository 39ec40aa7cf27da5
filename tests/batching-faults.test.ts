import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { Caller } from '../src/batching/batch-queue.ts';
import { Batcher, type BatchGroup, type Flush } from '../src/batching/batcher.ts';
import { encodeId } from '../src/graphql/ids.ts';
import { aSharingApp, lockTable, openSpas, range, readWebsitesAs, turns, until } from './support/batching.ts';
import { rowsOf } from './support/database.ts';
import { expectError } from './support/refusals.ts';

type World = Awaited<ReturnType<typeof aSharingApp>>;

const SPA = 'query ($id: ID!) { spa(id: $id) { id name } }';
const spaId = (id: number) => encodeId('Spa', id);
const askFor = ({ ask }: World, ids: readonly number[]) => Promise.all(ids.map((id) => ask(SPA, { id: spaId(id) })));

const unhandled: unknown[] = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason));
afterAll(() => expect(unhandled).toEqual([]));

test('a key that makes its statement fail fails alone, after about 2 log2(n) statements', async () => {
  const { database } = await aSharingApp();
  const flushes: Flush[] = [];
  const batcher = new Batcher(database, { onFlush: (flush) => void flushes.push(flush) });
  const hundredth: BatchGroup<number, number> = {
    name: 'hundredth',
    batch: async (db, keys) => {
      const rows = await db.query<{ key: number; value: number }>('select x as key, 100 / (x - 13) as value from unnest($1::int4[]) x', [
        keys,
      ]);
      return keys.map((key) => rows.find((row) => row.key === key)?.value ?? new Error('lost'));
    },
  };
  const read = (keys: number[]) => Promise.all(keys.map(async (key) => (await batcher.load(new Caller(), hundredth, [key]))[0]));
  for (const guilty of [13, 0, 63]) {
    flushes.length = 0;
    const keys = range(13 - guilty, 64);
    const values = await read(keys);
    expect(values.map((value, i) => (value instanceof Error ? keys[i] : undefined)).filter((key) => key !== undefined)).toEqual([13]);
    expect(values[guilty]).toMatchObject({ message: 'division by zero' });
    expect(values.filter((value) => !(value instanceof Error))).toEqual(
      keys.filter((key) => key !== 13).map((key) => Math.trunc(100 / (key - 13)) + 0),
    );
    expect(flushes).toHaveLength(13);
  }
});

test('a record that cannot be read fails for those who ask for it, and for nobody else', async () => {
  const world = await aSharingApp({ expectsErrors: true });
  await openSpas(world.databaseUrl);
  await readWebsitesAs(world.databaseUrl, `case when id = 13 then (1 / (id - 13))::text end`);
  const ids = [...range(1, 30), 13];
  const answers = await askFor(world, ids);
  for (const [i, answer] of answers.entries()) {
    if (ids[i] === 13) expectError(answer, 'INTERNAL_SERVER_ERROR');
    else expect([answer.errors, answer.data.spa.id]).toEqual([undefined, spaId(ids[i] ?? 0)]);
  }
  expect(world.flushes.length).toBeGreaterThan(7);
  expect(world.flushes.length).toBeLessThan(13);
  expect(world.logged).toHaveLength(2);
});

test('a record that takes too long fails with DATABASE_TIMEOUT for those who ask for it, and for nobody else', async () => {
  const world = await aSharingApp({ poolOptions: '?statement_timeout=700' });
  await openSpas(world.databaseUrl);
  await readWebsitesAs(world.databaseUrl, `case when id = 13 then pg_sleep(5)::text end`);
  const [first, second, slow, last] = await askFor(world, [11, 12, 13, 14]);
  expect([first, second, last].map((answer) => answer?.errors)).toEqual([undefined, undefined, undefined]);
  expect(slow?.errors?.map(({ extensions }) => extensions.code)).toEqual(['DATABASE_TIMEOUT']);
  expect(world.flushes).toHaveLength(5);
});

test('what no key can be read from is not tried for each of them', async () => {
  const broken = await aSharingApp({ expectsErrors: true });
  await rowsOf(broken.databaseUrl, 'alter table spas drop column website cascade');
  for (const { errors } of await askFor(broken, range(1, 64))) expect(errors?.[0]?.extensions.code).toBe('INTERNAL_SERVER_ERROR');
  expect(broken.flushes.length).toBeLessThan(20);

  const locked = await aSharingApp({ poolOptions: '?statement_timeout=200' });
  const lock = await lockTable(locked.databaseUrl, 'spas');
  for (const { errors } of await askFor(locked, range(1, 16))) expect(errors?.[0]?.extensions.code).toBe('DATABASE_TIMEOUT');
  expect(locked.flushes.length).toBeLessThan(12);
  await lock.release();
  for (const { errors } of await askFor(locked, range(1, 16))) expect(errors).toBeUndefined();
});

test('a connection that ends in the middle of a shared statement fails those who share it, at once, and nobody else', async () => {
  const world = await aSharingApp();
  await openSpas(world.databaseUrl);
  const lock = await lockTable(world.databaseUrl, 'spas');
  const failing = askFor(world, range(1, 20));
  await lock.untilBlocked(1);
  const [pid] = await lock.blocked();
  const others = [askFor(world, range(1, 20))];
  await lock.untilBlocked(2);
  others.push(askFor(world, range(10, 20)));
  await turns();
  // What is lost sooner may have been dead before it was sent, and is read again.
  await wait(300);
  await rowsOf(world.databaseUrl, 'select pg_terminate_backend($1)', [pid]);
  for (const { errors } of await failing) expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['DATABASE_UNAVAILABLE']);
  await lock.release();
  for (const { errors, data } of (await Promise.all(others)).flat()) expect([errors, data.spa.id]).toEqual([undefined, expect.any(String)]);
  expect(world.flushes.map(({ callers }) => callers)).toEqual([20, 20, 20]);
});

test('a pool without a free connection turns everybody away at once, and is not asked again for each', async () => {
  const world = await aSharingApp({ poolOptions: '?connection_limit=1&pool_timeout=1' });
  const lock = await lockTable(world.databaseUrl, 'hiring_forms');
  const held = world.ask('{ hiringForms { nodes { id } } }');
  await lock.untilBlocked(1);
  for (const { errors } of await askFor(world, range(1, 40))) expect(errors?.[0]?.extensions.code).toBe('OVERLOADED');
  expect(world.flushes.map(({ keys, callers }) => [keys, callers])).toEqual([[40, 40]]);
  await lock.release();
  expect((await held).errors).toBeUndefined();
  for (const { errors } of await askFor(world, range(1, 40))) expect(errors).toBeUndefined();
});

test.each(['a request of the Fetch API', 'a connection'])(
  '%s that is given up takes its keys out, but for those of others',
  async (door) => {
    const world = await aSharingApp();
    await openSpas(world.databaseUrl);
    const server = createServer(world.app.listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
    const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Spa { hiringForms { nodes { id } } } } }';
    const send = (ids: number[], signal: AbortSignal) =>
      (door === 'a connection' ? fetch : world.app.fetch)(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables: { ids: ids.map(spaId) } }),
        signal,
      });
    const give = new AbortController();
    const lock = await lockTable(world.databaseUrl, 'spas');
    const texts = await world.statements.during(async () => {
      const inTheMiddle = send([1], give.signal);
      await lock.untilBlocked(1);
      const others = [world.ask(query, { ids: [spaId(1)] })];
      await lock.untilBlocked(2);
      const waiting = [send([2, 3, 4], give.signal), send([4, 5], give.signal)];
      // A request over a socket arrives some time later.
      await new Promise((resolve) => setTimeout(resolve, 200));
      others.push(world.ask(query, { ids: [spaId(6), spaId(4)] }));
      await turns();
      give.abort();
      for (const request of [inTheMiddle, ...waiting]) await expect(request).rejects.toThrow(/abort/i);
      await new Promise((resolve) => setTimeout(resolve, 200));
      await lock.release();
      const answers = await Promise.all(others);
      expect(answers.map(({ data }) => data.nodes.map(({ id }: { id: string }) => id))).toEqual([[spaId(1)], [spaId(6), spaId(4)]]);
      await until(() => world.flushes.filter(({ loader }) => loader === 'Spa.id').length === 3, 'three statements have returned');
    });
    const counts = world.flushes.filter(({ loader }) => loader === 'Spa.id').map(({ keys, callers }) => `${keys} for ${callers}`);
    expect(counts.sort()).toEqual(['1 for 0', '1 for 1', '2 for 1']);
    // Openings are for those who are still there: one statement for each of the two, or one for both.
    const openings = world.flushes.filter(({ loader }) => loader === 'pages of HiringForm');
    expect(openings.reduce((sum, { callers }) => sum + callers, 0)).toBe(2);
    expect(texts.filter((text) => text.includes('from "hiring_forms"'))).toHaveLength(openings.length);
  },
);
