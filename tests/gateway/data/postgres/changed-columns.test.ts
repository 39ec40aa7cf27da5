// Columns that change their type under traffic: what PostgreSQL has parsed before does not fit any more, and no client hears of it.

import { expect, test } from 'vitest';
import { createPooledDatabase } from '../../../../src/resources/pooled-database.ts';
import { rowsOf } from '../../../support/database.ts';
import { aReplicatedApp, withReplicaServers } from '../../../support/replicated-app.ts';
import { anApp } from '../../../support/world.ts';

const servers = withReplicaServers({});
const SPAS = (first: number) => `{ spas(first: ${first}) { nodes { name city } } }`;
const SAVE = 'mutation ($input: SaveSpaInput!) { saveSpa(input: $input) { spa { city version } } }';
const TYPES = ['varchar(200)', 'text', 'varchar(100)', 'text'];

test('a column that changes its type under reads and writes costs no client an error, and no write its answer', async () => {
  // However slow the machine is: while a table is changed, nobody reads it.
  const { ask, databaseUrl } = await anApp({
    poolOptions: '?pool_timeout=60',
    batching: { maxWaitMs: 60_000 },
    protection: { deadlineMs: 60_000 },
  });
  let isOver = false;
  const read = async (client: number) => {
    for (let round = 0; !isOver; round++) {
      const { data, errors } = await ask(SPAS(1 + ((client + round) % 20)));
      expect(errors).toBeUndefined();
      expect(data.spas.nodes.length).toBeGreaterThan(0);
    }
  };
  const write = async (name: string) => {
    const made = await ask(
      'mutation ($input: SaveSpaInput!) { saveSpa(input: $input) { spa { id version } } }',
      { input: { name } },
      { as: 'ADMIN' },
    );
    const { id } = made.data.saveSpa.spa;
    let { version } = made.data.saveSpa.spa;
    for (let round = 0; !isOver; round++) {
      const city = `City ${round}`;
      const { data, errors } = await ask(SAVE, { input: { id, version, city } }, { as: 'ADMIN' });
      expect(errors).toBeUndefined();
      expect(data.saveSpa.spa).toEqual({ city, version: version + 1 });
      version++;
    }
  };
  const traffic = Promise.all([...Array.from({ length: 6 }, (_, i) => read(i)), write('One'), write('Two')]);
  for (const type of TYPES) {
    await new Promise((resolve) => setTimeout(resolve, 150));
    await rowsOf(databaseUrl, `alter table spas alter column city type ${type}`);
  }
  await new Promise((resolve) => setTimeout(resolve, 150));
  isOver = true;
  await traffic;
}, 60_000);

test.each([
  ['a column of text becomes another kind of text', 'alter table spas alter column city type varchar(200)'],
  [
    'whole numbers become longer ones',
    'alter table hiring_forms alter column spa_id type bigint; alter table spas alter column id type bigint',
  ],
  ['money becomes more precise', 'alter table invoice_items alter column rate type numeric(20, 4)'],
  [
    'an enum is replaced by another of the same name',
    `alter type certificate_category rename to former_category;
     create type certificate_category as enum ('GIFT_CARD', 'SPA_THERAPIST', 'MANAGER_SALARY', 'OFFER_LETTER', 'EXPERIENCE_LETTER',
       'APPOINTMENT_LETTER', 'INVOICE_SPA_BILL', 'ID_CARD', 'DAILY_SHEET');
     alter table certificates drop constraint certificates_spa_therapist, drop constraint certificates_manager_salary,
       drop constraint certificates_offer_letter, drop constraint certificates_experience_letter, drop constraint certificates_appointment_letter,
       drop constraint certificates_invoice, drop constraint certificates_id_card, drop constraint certificates_daily_sheet;
     drop index certificate_templates_gallery, certificate_templates_order;
     alter table certificates alter column category type certificate_category using category::text::certificate_category;
     alter table certificate_templates alter column category type certificate_category using category::text::certificate_category;
     drop type former_category`,
  ],
  ['a column is added', 'alter table spas add column motto text'],
])('the answers before and after are equal where %s', async (_, change) => {
  const { ask, databaseUrl } = await anApp({ poolOptions: '?connection_limit=1' });
  const query = `{
    spas(first: 30) { nodes { id name city hiringForms(first: 2) { nodes { id spa { id name } } } } totalCount { value } }
    ids: publicCertificates(first: 5, filter: { category: ID_CARD }) { nodes { id number category spa { id } } }
    bills: publicCertificates(first: 5, filter: { category: INVOICE_SPA_BILL }) { nodes { ... on Invoice { items { rate } subtotal } } }
  }`;
  const before = await ask(query);
  expect(before.errors).toBeUndefined();
  await rowsOf(databaseUrl, change);
  for (let round = 0; round < 3; round++) expect(await ask(query)).toMatchObject({ data: before.data, errors: undefined });
});

test('a statement that something has dropped from the connection is parsed again, and one whose name another has taken as well', async () => {
  const { pool, statements } = await anApp({ isSeeded: false, poolOptions: '?connection_limit=1' });
  const database = createPooledDatabase(pool, () => {
    throw new Error('There are no tables.');
  });
  const ask = () => database.query<{ one: number }>('select 1 as one', []);
  expect(await ask()).toEqual([{ one: 1 }]);
  await pool.query('deallocate all');
  const sent = await statements.during(async () => expect(await ask()).toEqual([{ one: 1 }]));
  expect(sent).toHaveLength(2);
  await pool.query('discard all');
  const [{ name } = { name: '' }] = (await pool.query('select name from pg_prepared_statements')).rows;
  expect(name).toBe('');
  expect(await ask()).toEqual([{ one: 1 }]);
  const { rows } = await pool.query<{ name: string }>('select name from pg_prepared_statements');
  expect(rows).toHaveLength(1);

  // As behind a pooler that gives a gateway the connection of another one.
  const other = createPooledDatabase(pool, () => {
    throw new Error('There are no tables.');
  });
  const client = await pool.connect();
  Reflect.set(client.connection, 'parsedStatements', {});
  client.release();
  expect(await other.query('select 1 as one', [])).toEqual([{ one: 1 }]);
});

test('a statement that fails for another reason is sent once', async () => {
  const { database, statements } = await anApp({ isSeeded: false, poolOptions: '?connection_limit=1' });
  const divide = (by: number) => database.query('select 1 / $1::int4 as result', [by]);
  await divide(1);
  const sent = await statements.during(() => expect(divide(0)).rejects.toThrow('division by zero'));
  expect(sent).toHaveLength(1);
  const unknown = await statements.during(() => expect(database.query('select nothing from nowhere', [])).rejects.toThrow('nowhere'));
  expect(unknown).toHaveLength(1);
});

test('a replica whose tables have changed answers by itself', async () => {
  const { primary } = servers();
  const { ask, sentDuring, replicas: opened, untilIn } = await aReplicatedApp(servers());
  await untilIn(0);
  const read = async (first: number) => expect((await ask(SPAS(first))).errors).toBeUndefined();
  await Promise.all(Array.from({ length: 20 }, (_, i) => read(i + 1)));
  await rowsOf(primary.url, 'alter table spas alter column city type varchar(200)');
  const sent = await sentDuring(async () => {
    for (let round = 0; round < 20; round++) await read(round + 1);
  });
  expect(sent[0]).toBe(0);
  expect(opened.states()[0]?.fallbacks).toBe(0);
});
