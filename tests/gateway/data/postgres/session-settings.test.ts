// A database, or a role, may have other defaults for how data is written and read: the gateway's sessions have their own.

import { glob, readFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { seed } from '../../../../prisma/seed/seed.ts';
import { SessionClient } from '../../../../src/gateway/data/postgres/session-client.ts';
import { encodeId } from '../../../../src/graphql/ids.ts';
import { parseDatabaseUrl } from '../../../../src/resources/database-url.ts';
import { applyMigrations } from '../../../../src/resources/migrations.ts';
import { createDatabase, rowsOf } from '../../../support/database.ts';
import { anApp } from '../../../support/world.ts';

const ODD = {
  datestyle: 'German, DMY',
  intervalstyle: 'iso_8601',
  timezone: 'Asia/Kolkata',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  search_path: 'pg_catalog',
  standard_conforming_strings: 'off',
  backslash_quote: 'on',
  client_encoding: 'SQL_ASCII',
  array_nulls: 'off',
  transform_null_equals: 'on',
  row_security: 'off',
  default_transaction_isolation: 'serializable',
  statement_timeout: '50s',
  lock_timeout: '40s',
  gin_fuzzy_search_limit: '1',
  session_replication_role: 'replica',
};

/** Makes odd defaults those of the database, and of the role in it, which come before. */
async function makeOdd(url: string): Promise<void> {
  const database = new URL(url).pathname.slice(1);
  for (const [name, value] of Object.entries(ODD)) {
    await rowsOf(
      url,
      `set search_path = public; set statement_timeout = 0; set standard_conforming_strings = on;
      alter database ${database} set ${name} = '${value}'; alter role current_user in database ${database} set ${name} = '${value}'`,
    );
  }
}

const QUERIES = [
  '{ spas(first: 20) { nodes { id name createdAt updatedAt hiringForms(first: 3) { nodes { id createdAt } } } pageInfo { endCursor } totalCount { value } } }',
  `{ publicCertificates(first: 50) { nodes { id number generatedAt
       ... on Invoice { billDate subtotal items { quantity rate amount } } ... on ExperienceLetter { joiningDate endDate duration } } } }`,
  '{ publicCertificates(first: 3, filter: { generatedAfter: "2026-01-01T00:00:00Z", search: "a" }) { nodes { id } } }',
  '{ templates(first: 50) { nodes { name category config } } }',
  '{ users(first: 10) { nodes { username email createdAt } } viewer { username role } }',
];

test('a database with other defaults answers as one without', async () => {
  const plain = await anApp();
  const ask = async ({ ask }: Pick<typeof plain, 'ask'>) => {
    const answers = [];
    for (const query of QUERIES) answers.push(await ask(query, {}, { as: 'ADMIN' }));
    return answers.map(({ data, errors }) => ({ data, errors }));
  };
  const expected = await ask(plain);
  for (const { errors } of expected) expect(errors).toBeUndefined();
  await makeOdd(plain.databaseUrl);
  const odd = await anApp({ beside: plain, responseCache: {} });
  expect(await ask(odd)).toEqual(expected);

  // Case does not matter for names: the operators of citext are found.
  const signIn = 'mutation ($name: String!) { signIn(input: { usernameOrEmail: $name, password: "convoy-demo" }) { viewer { username } } }';
  expect((await odd.ask(signIn, { name: 'ADMIN' })).data.signIn.viewer.username).toBe('admin');
  const saved = await odd.ask(
    'mutation ($input: SaveSpaInput!) { saveSpa(input: $input) { spa { name createdAt } } }',
    { input: { name: String.raw`a \ back'slash` } },
    { as: 'ADMIN' },
  );
  expect(saved.errors).toBeUndefined();
  expect(saved.data.saveSpa.spa.name).toBe(String.raw`a \ back'slash`);
  expect(Math.abs(Date.parse(saved.data.saveSpa.spa.createdAt) - Date.now())).toBeLessThan(60_000);
});

test('a token from before a change of the password is refused where the database writes moments in another way', async () => {
  const plain = await anApp();
  await makeOdd(plain.databaseUrl);
  const odd = await anApp({ beside: plain });
  const { token } = await odd.tokens.sign(5);
  const VIEWER = '{ viewer { username } }';
  expect((await odd.ask(VIEWER, {}, { token })).data.viewer).not.toBeNull();
  const [{ version } = { version: 0 }] = await rowsOf<{ version: number }>(
    plain.databaseUrl,
    'select version from public.users where id = 5',
  );
  const input = { id: encodeId('User', 5), version, password: 'another password' };
  const changed = await odd.ask(
    'mutation ($input: SaveUserInput!) { saveUser(input: $input) { user { id } } }',
    { input },
    { as: 'SUPER_ADMIN' },
  );
  expect(changed.errors).toBeUndefined();
  expect((await odd.ask(VIEWER, {}, { token })).data?.viewer ?? null).toBeNull();
});

test('a database that closes idle sessions leaves the one that hears of changes open', async () => {
  const plain = await anApp();
  const name = new URL(plain.databaseUrl).pathname.slice(1);
  await rowsOf(plain.databaseUrl, `alter database "${name}" set idle_session_timeout = '100ms'`);
  await anApp({ beside: plain, responseCache: {} });
  const hearing = () =>
    rowsOf<{ pid: number }>(
      plain.databaseUrl,
      `select pid from pg_stat_activity, pg_sleep(0.5) where datname = current_database() and application_name like '%changes' order by pid`,
    );
  const before = await hearing();
  expect(before.length).toBeGreaterThan(0);
  expect(await hearing()).toEqual(before);
});

test('migrations and demo data are the same in a database with other defaults', async () => {
  const hashes = (url: string) =>
    rowsOf(
      url,
      `set search_path = public; set timezone = 'UTC'; set datestyle = 'ISO'; set statement_timeout = 0; set bytea_output = 'hex'`,
    ).then(() =>
      Promise.all(
        ['users', 'spas', 'certificates', 'candidate_forms', 'hiring_forms', 'invoice_items', 'salary_months'].map((table) =>
          rowsOf(
            url,
            `select md5(string_agg((to_jsonb(t) - 'created_at' - 'updated_at')::text, '' order by to_jsonb(t)::text collate "C")) as hash from public.${table} t`,
          ),
        ),
      ),
    );
  const [odd, plain] = [await createDatabase({ isMigrated: false }), await createDatabase({ seedScale: 0.01 })];
  onTestFinished(async () => {
    await odd.drop();
    await plain.drop();
  });
  await makeOdd(odd.url);
  expect(await applyMigrations(odd.url)).not.toEqual([]);
  await seed(odd.url, { scale: 0.01 });
  for (const name of Object.keys(ODD)) {
    const database = new URL(odd.url).pathname.slice(1);
    await rowsOf(odd.url, `alter database ${database} reset ${name}; alter role current_user in database ${database} reset ${name}`);
  }
  expect(await hashes(odd.url)).toEqual(await hashes(plain.url));
});

test('a session asks for nothing that a pooler refuses, and has its own bounds', async () => {
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  await makeOdd(url);
  const client = new SessionClient({ ...parseDatabaseUrl(`${url}?statement_timeout=1234`), idle_in_transaction_session_timeout: 4321 });
  expect(Object.keys(client.getStartupConf()).sort()).toEqual(['database', 'user']);
  await client.connect();
  onTestFinished(() => client.end());
  const settings = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'search_path', 'timezone', 'lc_messages'];
  const { rows } = await client.query('select name, setting from pg_settings where name = any($1)', [
    settings.map((name) => name.replace('timezone', 'TimeZone')),
  ]);
  expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual({
    statement_timeout: '1234',
    lock_timeout: '0',
    idle_in_transaction_session_timeout: '4321',
    search_path: '"public"',
    TimeZone: 'UTC',
    lc_messages: 'C',
  });
});

test('a schema that is not there ends the connection with a sentence, and what is in public is found beside one that is', async () => {
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  const missing = new SessionClient(parseDatabaseUrl(`${url}?schema=nope`));
  await expect(missing.connect()).rejects.toMatchObject({
    name: 'StartError',
    message: expect.stringContaining('The database has no schema nope.'),
  });
  await rowsOf(url, `create schema app; create table app.names (name public.citext); insert into app.names values ('Anna')`);
  const client = new SessionClient(parseDatabaseUrl(`${url}?schema=app`));
  await client.connect();
  onTestFinished(() => client.end());
  expect((await client.query(`select name from names where name = 'ANNA'::citext`)).rows).toEqual([{ name: 'Anna' }]);
});

test('every connection that the gateway makes sets its session up', async () => {
  const files = await Array.fromAsync(glob(['src/**/*.ts', 'prisma/**/*.ts', 'scripts/*.ts']));
  const makers = [];
  for (const file of files) {
    const made = (await readFile(file, 'utf8')).match(/new pg\.(Client|Pool)\(/g);
    if (made) makers.push(file);
  }
  // The pools are given SessionClient; the others only read where a URL leads.
  expect(makers.sort()).toEqual([
    'src/gateway/data/postgres/database-start-error.ts',
    'src/resources/connection-pool.ts',
    'src/resources/database.ts',
    'src/resources/migrations.ts',
  ]);
});
