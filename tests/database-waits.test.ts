// How long callers wait for the database, and what they are told then.

import { chmod } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { ERROR_CODES } from '../src/errors.ts';
import { createLog } from '../src/log.ts';
import { databaseError } from '../src/resources/database-errors.ts';
import { openPostgres } from '../src/resources/postgres.ts';
import { aSharingApp, lockTable, range } from './support/batching.ts';
import { createDatabase, rowsOf } from './support/database.ts';
import { expectError } from './support/refusals.ts';
import { type Answer, anApp } from './support/world.ts';

/** Awaits a promise that rejects, and says how long that took. */
async function refused(work: Promise<unknown>): Promise<{ error: unknown; waitedMs: number }> {
  const start = performance.now();
  return await work.then(
    () => Promise.reject(new Error('It was not refused.')),
    (error) => ({ error, waitedMs: performance.now() - start }),
  );
}

function expectBusy(answer: Answer): void {
  expectError(answer, 'OVERLOADED');
  expect(answer.headers.get('retry-after')).toBe('1');
  expect(answer.errors?.[0]?.extensions.retryAfterSeconds).toBe(1);
}

test('a request that finds no connection free is told so after two seconds, with a moment to come again', async () => {
  const { ask, databaseUrl, pool } = await anApp({ poolOptions: '?connection_limit=2' });
  const lock = await lockTable(databaseUrl, 'hiring_forms');
  const held = [1, 2].map((first) => ask(`{ hiringForms(first: ${first}) { nodes { id } } }`));
  await lock.untilBlocked(2);
  const start = performance.now();
  expectBusy(await ask('{ spas(first: 3) { nodes { id } } }'));
  const waitedMs = performance.now() - start;
  expect(waitedMs).toBeGreaterThan(1900);
  expect(waitedMs).toBeLessThan(3000);
  await lock.release();
  for (const { errors } of await Promise.all(held)) expect(errors).toBeUndefined();
  expect([pool.totalCount, pool.idleCount, pool.waitingCount]).toEqual([2, 2, 0]);
});

test.each([
  ['the pool gives up first', 1, 1000],
  ['Prisma gives up first, on a transaction', 5, 2000],
])('a write that finds no connection free is refused alike: %s', async (_, poolTimeout, expectedMs) => {
  const { prisma, pool } = await anApp({ poolOptions: `?connection_limit=1&pool_timeout=${poolTimeout}` });
  const client = await pool.connect();
  const writes = [prisma.$transaction((tx) => tx.spa.create({ data: { name: 'New Spa' } }))];
  if (expectedMs === 1000) writes.push(prisma.spa.create({ data: { name: 'New Spa' } }));
  for (const { error, waitedMs } of await Promise.all(writes.map(refused))) {
    expect(databaseError(error)?.extensions).toMatchObject({ code: 'OVERLOADED', http: { status: 503, headers: { 'retry-after': '1' } } });
    expect(Math.abs(waitedMs - expectedMs)).toBeLessThan(700);
  }
  client.release();
  await prisma.spa.create({ data: { name: 'New Spa' } });
});

test('a server that does not answer is not called busy', async () => {
  const { error } = await refused(new (await import('pg')).default.Client('postgresql://nobody@127.0.0.1:1/none').connect());
  expect(databaseError(error)?.extensions).toMatchObject({
    code: 'DATABASE_UNAVAILABLE',
    http: { status: ERROR_CODES.DATABASE_UNAVAILABLE.status, headers: { 'retry-after': '1' } },
  });
});

test('a server that cannot open its files does not answer, in whatever language it says so; one that forbids a table does', async () => {
  const { databaseUrl } = await anApp();
  const codeOf = (error: unknown) => databaseError(error)?.extensions.code;
  expect(databaseError({ code: '28P01' })).toMatchObject({ mayHaveApplied: false, extensions: { code: 'DATABASE_UNAVAILABLE' } });
  const [{ file } = { file: '' }] = await rowsOf<{ file: string }>(
    databaseUrl,
    `select current_setting('data_directory') || '/' || pg_relation_filepath('hiring_forms') as file`,
  );
  // What a backend has opened already stays open.
  await chmod(file, 0o000);
  const { prisma, database } = await anApp({ beside: { databaseUrl }, poolOptions: '?connection_limit=1' });
  expect(codeOf((await refused(prisma.hiringForm.findFirst())).error)).toBe('DATABASE_UNAVAILABLE');
  expect(codeOf((await refused(database.query('select 1 from hiring_forms', []))).error)).toBe('DATABASE_UNAVAILABLE');
  await chmod(file, 0o600);

  const denied = refused(prisma.$executeRawUnsafe(`do $$ begin raise exception 'no' using errcode = '42501'; end $$`));
  expect(codeOf((await denied).error)).toBeUndefined();
});

// PANIC is PANIK in German: what a COMMIT that fails so says of itself is its code, and where it comes from.
test.each([
  ['a disk is full', { code: '53100' }, true],
  ['a disk fails', { code: '58030' }, true],
  ['a disk is read-only', { code: '42501', file: 'xlog.c' }, true],
  ['there is no memory', { code: '53200' }, true],
  ['another statement was faster', { code: '40001' }, false],
])('where %s, a write may have been applied or not, in whatever language the server says it', (_, fields, expected) => {
  for (const severity of ['PANIK', 'FEHLER']) {
    const error = databaseError(Object.assign(new Error('konnte nicht schreiben'), { severity, ...fields }));
    expect(error).toMatchObject({ mayHaveApplied: expected });
  }
});

test('a mutation that was applied, and whose result cannot be read, does not ask to be sent again', async () => {
  const { ask, databaseUrl } = await anApp({ poolOptions: '?statement_timeout=500' });
  const lock = await lockTable(databaseUrl, 'hiring_forms');
  const save = (name: string, fields: string) =>
    ask(`mutation { saveSpa(input: { name: "${name}" }) { spa { name ${fields} } } }`, {}, { as: 'ADMIN' });
  const answer = await save('New Spa', 'hiringForms(first: 1) { nodes { id } }');
  expectError(answer, 'RESULT_UNAVAILABLE');
  expect(answer.errors?.[0]).toMatchObject({
    message: expect.stringContaining('It was applied'),
    path: ['saveSpa', 'spa', 'hiringForms', 'nodes'],
    extensions: { reason: 'DATABASE_TIMEOUT' },
  });
  expect(answer.headers.get('retry-after')).toBeNull();
  expect(await rowsOf(databaseUrl, "select name from spas where name like 'New Spa%'")).toEqual([{ name: 'New Spa' }]);
  await lock.release();
  // What is refused before anything is written may be sent again.
  const spas = await lockTable(databaseUrl, 'spas');
  expectError(await save('New Spa 2', ''), 'DATABASE_TIMEOUT');
  await spas.release();
  expect(await rowsOf(databaseUrl, "select name from spas where name like 'New Spa%'")).toEqual([{ name: 'New Spa' }]);
});

test('whoever waits too long for a statement to start is told so, and what is under way goes on', async () => {
  const world = await aSharingApp({ batching: { maxWaitMs: 400 } });
  const lock = await lockTable(world.databaseUrl, 'spas');
  const search = (word: string) => world.ask(`{ spas(filter: { search: "${word}" }) { nodes { id } } }`);
  const held = [search('one'), search('two')];
  await lock.untilBlocked(2);
  const start = performance.now();
  const waiting = range(0, 5).map((i) => search(`word ${i}`));
  await wait(200);
  const later = search('later').then((answer) => ({ answer, at: performance.now() - start }));
  for (const answer of await Promise.all(waiting)) expectBusy(answer);
  const waitedMs = performance.now() - start;
  expect(waitedMs).toBeGreaterThan(390);
  expect(waitedMs).toBeLessThan(1000);
  const { answer, at } = await later;
  expectBusy(answer);
  expect(at).toBeGreaterThan(590);
  await lock.release();
  for (const { errors } of await Promise.all(held)) expect(errors).toBeUndefined();
  expect((await search('two')).errors).toBeUndefined();
});

test.each([
  ['', undefined, '10s'],
  ['', 3000, '3s'],
  ['?statement_timeout=700', 3000, '700ms'],
  ['?statement_timeout=0', 3000, '3s'],
  ['?statement_timeout=0', undefined, '0'],
])('the server ends statements of a URL with "%s" and a bound of %s ms after %s', async (parameters, statementTimeoutMs, expected) => {
  const empty = await createDatabase();
  const postgres = await openPostgres(`${empty.url}${parameters}`, createLog({ level: 'silent' }), { statementTimeoutMs });
  onTestFinished(() => postgres.close().finally(empty.drop));
  expect(await postgres.database.query('show statement_timeout', [])).toEqual([{ statement_timeout: expected }]);
});
