// Connections that die without a word, or are gone when somebody uses them: nobody waits for them for long, and the pool loses none.

import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import { createLog } from '../src/log.ts';
import { createConnectionPool } from '../src/resources/connection-pool.ts';
import { databaseError } from '../src/resources/database-errors.ts';
import { parseDatabaseUrl } from '../src/resources/database-url.ts';
import { openPostgres } from '../src/resources/postgres.ts';
import { range, until } from './support/batching.ts';
import { createDatabase, rowsOf, SEEDED_SCALE, withAdmin } from './support/database.ts';
import { aLineTo } from './support/spoilt-line.ts';
import { anApp } from './support/world.ts';

const silent = createLog({ level: 'silent' });
const CONNECTIONS = `select count(*)::int as n from pg_stat_activity where datname = current_database() and application_name = 'convoy'`;
const SPA_NAMES = `select name from spas where name like 'Written %' order by name`;

async function aDatabase() {
  const database = await createDatabase({ seedScale: SEEDED_SCALE });
  onTestFinished(database.drop);
  return { url: database.url, line: await aLineTo(database.url) };
}

/** What Prisma and the loaders share, over a line that may be spoilt, with three connections and statements of at most 500 ms. */
async function aPool(parameters = '?connection_limit=3&statement_timeout=500&pool_timeout=1') {
  const { url, line } = await aDatabase();
  const postgres = await openPostgres(`${line.url}${parameters}`, silent);
  onTestFinished(postgres.close);
  const { pool, database } = postgres;
  const { signal } = new AbortController();
  /** As many as there may be, each on a connection of its own. */
  const useAll = () =>
    Promise.all(range(0, 3).map(() => database.query<{ pid: number }>('select pg_backend_pid() pid, pg_sleep(0.1)', [], signal)));
  const expectWhole = async () => {
    await until(() => pool.totalCount === pool.idleCount && pool.waitingCount === 0, 'the pool is free');
    expect(new Set((await useAll()).map(([row]) => row?.pid)).size).toBe(3);
    expect([pool.totalCount, pool.idleCount, pool.waitingCount]).toEqual([3, 3, 0]);
  };
  return { ...postgres, line, url, useAll, expectWhole };
}

/** What a write was answered, and after how many milliseconds. */
async function outcomeOf(work: Promise<unknown>) {
  const start = performance.now();
  const error = await work.then(
    () => undefined,
    (reason) => databaseError(reason)?.extensions.code ?? reason,
  );
  return { error, ms: performance.now() - start };
}

test('connections that nobody uses are given back to the server', async () => {
  const { url } = await aDatabase();
  const pool = createConnectionPool({ ...parseDatabaseUrl(url), application_name: 'convoy' }, silent, { idleTimeoutMs: 300 });
  onTestFinished(() => pool.end());
  await Promise.all(range(0, 30).map(() => pool.query('select pg_sleep(0.02)')));
  expect(pool.totalCount).toBe(10);
  expect(await rowsOf(url, CONNECTIONS)).toEqual([{ n: 10 }]);
  await until(() => pool.totalCount === 0, 'the pool is empty');
  await until(async () => (await rowsOf<{ n: number }>(url, CONNECTIONS))[0]?.n === 0, 'the server has them back');
  const { options } = (await openPool(url)).pool;
  expect(options.idleTimeoutMillis).toBe(10_000);
});

async function openPool(url: string) {
  const postgres = await openPostgres(url, silent);
  onTestFinished(postgres.close);
  return postgres;
}

test('requests whose connections fall silent are answered by their deadline, and the next ones have new connections', async () => {
  const { line, url } = await aDatabase();
  const deadlineMs = 700;
  const world = await anApp({
    beside: { databaseUrl: line.url },
    poolOptions: '?connection_limit=3&statement_timeout=700&pool_timeout=1',
    protection: { deadlineMs },
    batching: { isShared: false },
  });
  const askAll = () =>
    Promise.all(
      range(1, 6).map(async (n) => {
        const start = performance.now();
        const query =
          n === 5 ? 'mutation { saveSpa(input: { name: "Written" }) { spa { id } } }' : `{ spas(first: ${n}) { nodes { id } } }`;
        const { errors } = await world.ask(query, {}, n === 5 ? { as: 'ADMIN' } : {});
        return { code: errors?.[0]?.extensions.code, ms: performance.now() - start };
      }),
    );
  // The first requests take the time of code that is loaded and compiled.
  await askAll();
  for (let round = 0; round < 3; round++) {
    expect((await askAll()).map(({ code }) => code)).toEqual(range(1, 6).map(() => undefined));
    // While they are idle, or while they work.
    const asked = round === 1 ? askAll() : undefined;
    line.silence();
    for (const { code, ms } of await (asked ?? askAll())) {
      expect(['DEADLINE_EXCEEDED', 'OVERLOADED', ...(asked ? [undefined] : [])]).toContain(code);
      expect(ms).toBeLessThan(deadlineMs + 400);
    }
    await until(() => world.pool.totalCount === world.pool.idleCount, 'the pool is free');
  }
  await until(async () => (await rowsOf<{ n: number }>(url, CONNECTIONS))[0] !== undefined, 'the database is there');
  expect((await askAll()).map(({ code }) => code)).toEqual(range(1, 6).map(() => undefined));
  expect([world.pool.waitingCount, world.pool.totalCount <= 3]).toEqual([0, true]);
});

test('writes and transactions whose connections fall silent fail within their bound, are not repeated, and give their places back', async () => {
  const { prisma, line, url, useAll, expectWhole } = await aPool();
  for (let round = 0; round < 2; round++) {
    await useAll();
    const begun = Promise.withResolvers<void>();
    const transaction = prisma.$transaction(async (tx) => {
      await tx.spa.create({ data: { name: `Written ${round} in a transaction` } });
      begun.resolve();
      await new Promise((resolve) => setTimeout(resolve, 50));
      await tx.spa.create({ data: { name: `Written ${round} in silence` } });
    });
    await begun.promise;
    line.silence();
    const writes = [transaction, ...range(0, 2).map((n) => prisma.spa.create({ data: { name: `Written ${round} ${n}` } }))];
    for (const { error, ms } of await Promise.all(writes.map(outcomeOf))) {
      expect(error).toBe('DATABASE_UNAVAILABLE');
      expect(ms).toBeLessThan(2500);
    }
    await expectWhole();
    await prisma.spa.create({ data: { name: `Written ${round} after it` } });
  }
  expect(await rowsOf(url, SPA_NAMES)).toEqual([{ name: 'Written 0 after it' }, { name: 'Written 1 after it' }]);
});

test('a transaction whose client is gone without a word is ended by the server, and a commit that nobody heard of fails', async () => {
  const { pool, prisma, line, expectWhole } = await aPool();
  expect((await pool.query('show idle_in_transaction_session_timeout')).rows).toEqual([{ idle_in_transaction_session_timeout: '15s' }]);
  const transaction = prisma.$transaction(async (tx) => {
    await tx.spa.create({ data: { name: 'Written' } });
    line.silence();
  });
  const { error, ms } = await outcomeOf(transaction);
  expect(error).toBe('DATABASE_UNAVAILABLE');
  expect(ms).toBeLessThan(2500);
  await expectWhole();
});

test('connections that were unused for a while before they fall silent are given up as well', async () => {
  const { database, line, useAll, expectWhole } = await aPool();
  await useAll();
  // Longer than a server may be silent when it owes an answer: here it owes none.
  await new Promise((resolve) => setTimeout(resolve, 1800));
  line.silence();
  const { signal } = new AbortController();
  for (const { error, ms } of await Promise.all(range(0, 3).map((n) => outcomeOf(database.query('select $1::int', [n], signal))))) {
    expect(error).toBe('DATABASE_UNAVAILABLE');
    expect(ms).toBeLessThan(2500);
  }
  await expectWhole();
}, 20_000);

test('a server that takes no connection in time is unavailable, and nobody waits longer', async () => {
  const { database, line, pool, expectWhole } = await aPool();
  line.silence({ newToo: true });
  const { signal } = new AbortController();
  const asked = range(0, 12).map((n) => outcomeOf(database.query('select $1::int', [n], signal)));
  for (const { error, ms } of await Promise.all(asked)) {
    expect(['DATABASE_UNAVAILABLE', 'OVERLOADED']).toContain(error);
    expect(ms).toBeLessThan(3000);
  }
  line.mend();
  line.silence();
  await until(() => pool.totalCount === pool.idleCount, 'the pool is free');
  await expectWhole();
});

test('a read on connections that are gone is answered over a new one; a write is not tried again', async () => {
  const { database, prisma, line, url, useAll, expectWhole } = await aPool();
  const { signal } = new AbortController();
  for (let round = 0; round < 5; round++) {
    await useAll();
    line.reset();
    const read = range(0, 6).map((n) => database.query('select $1::int as n', [n], signal));
    expect((await Promise.all(read)).flat()).toEqual(range(0, 6).map((n) => ({ n })));
    await expectWhole();
  }
  line.reset();
  expect((await outcomeOf(prisma.spa.create({ data: { name: 'Written once' } }))).error).toBe('DATABASE_UNAVAILABLE');
  await expectWhole();
  expect(await rowsOf(url, SPA_NAMES)).toEqual([]);
});

test('reads are answered while an operator ends the connections that they use', async () => {
  const { url } = await aDatabase();
  const { database, pool } = await openPool(`${url}?connection_limit=3`);
  const { signal } = new AbortController();
  const operator = new pg.Client(url);
  await operator.connect();
  onTestFinished(() => operator.end());
  const endAll = () =>
    operator.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'convoy'`,
    );
  for (let round = 0; round < 60; round++) {
    await Promise.all(range(0, 3).map(() => database.query('select pg_sleep(0.01)', [], signal)));
    const ending = endAll();
    const read = range(0, 3).map((n) => database.query('select $1::int as n', [n], signal));
    expect((await Promise.all(read)).flat()).toHaveLength(3);
    await ending;
  }
  // One that has run for a while was meant, and is not run again.
  const long = outcomeOf(database.query('select pg_sleep(5)', [], signal));
  await new Promise((resolve) => setTimeout(resolve, 500));
  await endAll();
  expect((await long).error).toBe('DATABASE_UNAVAILABLE');
  expect(pool.waitingCount).toBe(0);
});

test('a statement that fails keeps its connection, and one that ends it does not, in whatever language the server says so', async () => {
  const { url } = await aDatabase();
  const { database, pool } = await openPool(`${url}?connection_limit=1`);
  pool.on('acquire', ({ connection }) => {
    if (connection.listenerCount('errorMessage') === 1)
      connection.prependListener('errorMessage', (error: pg.DatabaseError) => Object.assign(error, { severity: 'FEHLER' }));
  });
  const pid = async () => (await database.query<{ pid: number }>('select pg_backend_pid() as pid', []))[0]?.pid;
  const first = await pid();
  for (let round = 0; round < 3; round++) {
    await expect(database.query('select 1 / $1::int', [0])).rejects.toMatchObject({ code: '22012', severity: 'FEHLER' });
    expect(await pid()).toBe(first);
  }
  // It has run for a while, so that it is not run again.
  await expect(database.query('select pg_terminate_backend(pg_backend_pid()) from pg_sleep(0.4)', [])).rejects.toMatchObject({
    code: '57P01',
    severity: 'FEHLER',
  });
  expect([pool.totalCount, pool.waitingCount]).toEqual([0, 0]);
  expect(await pid()).not.toBe(first);
});

test('a server that refuses further connections is busy, and has room again as soon as it says so', async () => {
  const { url } = await aDatabase();
  const role = `convoy_few_${randomUUID().slice(0, 8)}`;
  const admin = inject('adminUrl');
  await rowsOf(url, `create role ${role} login password 'few' connection limit 5`);
  for (const what of ['tables', 'sequences']) await rowsOf(url, `grant all on all ${what} in schema public to ${role}`);
  onTestFinished(async () => {
    await withAdmin(admin, (client) => client.query(`drop owned by ${role}`)).catch(() => undefined);
    await rowsOf(url, `drop owned by ${role}`);
    await rowsOf(url, `drop role ${role}`);
  });
  const others = Object.assign(new URL(url), { username: role, password: 'few' }).toString();
  const world = await anApp({ beside: { databaseUrl: others }, batching: { isShared: false } });
  const held = range(0, 5 - world.pool.totalCount).map(() => new pg.Client(others));
  await Promise.all(held.map((client) => client.connect()));
  const client = await world.pool.connect();
  const answers = [
    ...(await Promise.all(range(1, 6).map((first) => world.ask(`{ spas(first: ${first}) { nodes { id } } }`)))),
    await world.ask('mutation { saveSpa(input: { name: "Written" }) { spa { id } } }', {}, { as: 'ADMIN' }),
  ];
  for (const { status, headers, errors } of answers)
    expect([status, headers.get('retry-after'), errors?.[0]?.extensions.code]).toEqual([200, '1', 'OVERLOADED']);
  await Promise.all(held.map((one) => one.end()));
  await until(
    async () =>
      (await rowsOf<{ n: number }>(admin, `select count(*)::int as n from pg_stat_activity where usename = $1`, [role]))[0]?.n === 1,
    'there is room',
  );
  const next = await Promise.all(range(1, 4).map((first) => world.ask(`{ spas(first: ${first}) { nodes { id } } }`)));
  for (const { errors } of next) expect(errors).toBeUndefined();
  client.release();
  expect(world.logged).toEqual([]);
});
