import pg from 'pg';
import { expect, test } from 'vitest';
import { StartError } from '../src/errors.ts';
import { createLog } from '../src/log.ts';
import { openPostgres } from '../src/resources/postgres.ts';
import { rowsOf } from './support/database.ts';
import { expectError } from './support/refusals.ts';
import { anApp } from './support/world.ts';

const SPAS = '{ spas(first: 3) { nodes { id hiringForms(first: 1) { nodes { id } } } } }';
const SAVE = 'mutation { saveSpa(input: { name: "New Spa" }) { spa { id } } }';

const aFaultyWorld = (options = '') => anApp({ expectsErrors: true, poolOptions: `?connection_limit=2&pool_timeout=1${options}` });

const terminateAll = (databaseUrl: string) =>
  rowsOf(
    databaseUrl,
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'convoy'`,
  );

/** Holds a lock that nobody else can pass, until it is released. */
async function lock(databaseUrl: string, table: string) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(`begin; lock table ${table} in access exclusive mode`);
  return { release: () => client.end() };
}

const waiting = async (databaseUrl: string, count: number) => {
  const running = `select count(*)::int as n from pg_stat_activity where datname = current_database() and application_name = 'convoy' and wait_event_type = 'Lock'`;
  for (let tries = 0; tries < 200; tries++) {
    if (((await rowsOf(databaseUrl, running))[0]?.n ?? 0) >= count) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('Nobody waits for the lock.');
};

test('connections that end between requests do not hurt the gateway', async () => {
  const { ask, databaseUrl } = await aFaultyWorld();
  for (const query of [SPAS, SAVE, SPAS]) {
    await terminateAll(databaseUrl);
    const first = await ask(query, {}, { as: 'ADMIN' });
    if (query === SPAS) expect(first.errors).toBeUndefined();
    else if (first.errors) expectError(first, 'DATABASE_UNAVAILABLE');
    const next = await ask(query, {}, { as: 'ADMIN' });
    expect([next.status, next.errors]).toEqual([200, undefined]);
  }
});

test('a connection that ends during a request fails that request with DATABASE_UNAVAILABLE, and the next one works', async () => {
  const { ask, databaseUrl, logged } = await aFaultyWorld();
  const blocker = await lock(databaseUrl, 'spas');
  const answers = Promise.all([ask(SPAS), ask(SAVE, {}, { as: 'ADMIN' })]);
  await waiting(databaseUrl, 2);
  // What is lost at once is read again.
  await new Promise((resolve) => setTimeout(resolve, 400));
  await terminateAll(databaseUrl);
  const [read, write] = await answers;
  for (const answer of [read, write]) expectError(answer, 'DATABASE_UNAVAILABLE');
  expect(read.headers.get('retry-after')).toBe('1');
  // It may have been applied: nobody asks to send it again.
  expect(write.headers.get('retry-after')).toBeNull();
  await blocker.release();
  expect((await ask(SPAS)).errors).toBeUndefined();
  expect((await ask(SAVE, {}, { as: 'ADMIN' })).errors).toBeUndefined();
  expect(await rowsOf(databaseUrl, `select count(*)::int as n from spas where name = 'New Spa'`)).toEqual([{ n: 1 }]);
  expect(logged).toEqual([]);
});

test('a statement beyond statement_timeout fails with DATABASE_TIMEOUT, and writes nothing', async () => {
  const { ask, databaseUrl, logged } = await aFaultyWorld('&statement_timeout=300');
  const blocker = await lock(databaseUrl, 'spas');
  const [read, write] = await Promise.all([ask(SPAS), ask(SAVE, {}, { as: 'ADMIN' })]);
  expectError(read, 'DATABASE_TIMEOUT');
  expectError(write, 'DATABASE_TIMEOUT');
  await blocker.release();
  expect((await ask(SPAS)).errors).toBeUndefined();
  expect(await rowsOf(databaseUrl, `select count(*)::int as n from spas where name = 'New Spa'`)).toEqual([{ n: 0 }]);
  expect(logged).toEqual([]);
});

test('a pool without a free connection fails with OVERLOADED after pool_timeout, and recovers', async () => {
  const { ask, databaseUrl } = await aFaultyWorld();
  const blocker = await lock(databaseUrl, 'hiring_forms');
  const held = [1, 2].map((first) => ask(`{ hiringForms(first: ${first}) { nodes { id } } }`));
  await waiting(databaseUrl, 2);
  const start = performance.now();
  const answers = await Promise.all([...Array.from({ length: 5 }, () => ask(SPAS)), ask(SAVE, {}, { as: 'ADMIN' })]);
  const waitedMs = performance.now() - start;
  for (const answer of answers) {
    expectError(answer, 'OVERLOADED');
    expect(answer.headers.get('retry-after')).toBe('1');
  }
  expect(waitedMs).toBeGreaterThan(900);
  expect(waitedMs).toBeLessThan(2500);
  await blocker.release();
  for (const answer of await Promise.all(held)) expect(answer.errors).toBeUndefined();
  expect((await ask(SPAS)).errors).toBeUndefined();
});

test('an unexpected error is masked, and logged once with the id that the answer carries', async () => {
  const { ask, databaseUrl, logged } = await aFaultyWorld();
  await rowsOf(databaseUrl, 'alter table spas drop column website cascade');
  for (const [query, options] of [
    [SPAS, {}],
    [SAVE.replace('"New Spa"', '"New Spa", website: "https://spa.example"'), { as: 'ADMIN' as const }],
  ] as const) {
    logged.length = 0;
    const answer = await ask(query, {}, { ...options, headers: { 'x-request-id': 'fault-1' } });
    expectError(answer, 'INTERNAL_SERVER_ERROR');
    expect(answer.errors?.[0]?.extensions).toEqual({ code: 'INTERNAL_SERVER_ERROR', requestId: 'fault-1' });
    expect(JSON.stringify(answer.errors)).not.toMatch(/website|does not exist|42703|P20/i);
    expect(logged).toHaveLength(1);
    expect(JSON.parse(logged[0] ?? '')).toMatchObject({ requestId: 'fault-1', level: 50 });
    expect(logged[0]).toMatch(/website/);
  }
});

test('one of several fields may fail: the others answer, and the error has its code and path', async () => {
  const { ask, databaseUrl } = await aFaultyWorld();
  await rowsOf(databaseUrl, 'alter table certificate_templates drop column html cascade');
  const { status, data, errors } = await ask(
    '{ spas(first: 1) { nodes { id } } template(id: "Q2VydGlmaWNhdGVUZW1wbGF0ZTox") { id html } }',
  );
  expect([status, data.spas.nodes.length, data.template.html]).toEqual([200, 1, null]);
  expect(errors?.map(({ path, extensions }) => [path, extensions.code])).toEqual([[['template', 'html'], 'INTERNAL_SERVER_ERROR']]);
});

test('a start without a database ends with one sentence that does not hold the password', async () => {
  const log = createLog({ level: 'silent' });
  const urls = ['postgresql://spa:s3cret@127.0.0.1:1/spas', 'postgresql://spa:s3cret@no-such-host.invalid:5432/spas'];
  for (const url of urls) {
    const error = await openPostgres(url, log).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(StartError);
    expect((error as StartError).message).toMatch(/^The database at \S+ does not answer \(\w+\)\. Start it, or check DATABASE_URL\.$/);
    expect((error as StartError).message).not.toContain('s3cret');
  }
});

test('a start that the database refuses says why, and what to do', async () => {
  const { databaseUrl } = await anApp({ isSeeded: false });
  const log = createLog({ level: 'silent' });
  const rotated = Object.assign(new URL(databaseUrl), { password: 's3cret' }).toString();
  for (const [url, sentence] of [
    [rotated, /^The database at \S+ refuses the connection \(.*\)\. Check user and password in DATABASE_URL\.$/],
    [`${databaseUrl}?schema=nope`, /^The database has no schema nope\. /],
  ] as const) {
    const error = await openPostgres(url, log).catch((reason) => reason);
    expect(error).toBeInstanceOf(StartError);
    expect(error.message).toMatch(sentence);
    expect(error.message).not.toContain('s3cret');
  }
});
