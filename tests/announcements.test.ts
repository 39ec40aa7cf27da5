// What the triggers of the migration announce_changes announce.

import { expect, test } from 'vitest';
import { freshId, hire, listeningToOneDatabase } from './support/listening.ts';

const aListener = listeningToOneDatabase();

test('a new row, a changed one and a removed one are announced by id and by parent', async () => {
  const { tagsOf } = await aListener();
  const id = freshId();
  const tags = ['hiring_forms', 'hiring_forms.spa_id=2', `hiring_forms:${id}`];
  expect(await tagsOf(hire(id, 2))).toEqual(tags);
  expect(await tagsOf(`update hiring_forms set for_role = 'Manager' where id = ${id}`)).toEqual(tags);
  expect(await tagsOf(`delete from hiring_forms where id = ${id}`)).toEqual(tags);
  expect(await tagsOf('update users set last_login_at = now() where id = 3')).toEqual(['users', 'users:3']);
  expect(await tagsOf('update certificate_templates set is_active = false where id = 1')).toEqual([
    'certificate_templates',
    'certificate_templates:1',
  ]);
});

test('a row that moves is announced under its former parent and its new one', async () => {
  const { tagsOf, writer } = await aListener();
  const id = freshId();
  await writer.query(hire(id, 2));
  expect(await tagsOf(`update hiring_forms set spa_id = 3 where id = ${id}`)).toEqual([
    'hiring_forms',
    'hiring_forms.spa_id=2',
    'hiring_forms.spa_id=3',
    `hiring_forms:${id}`,
  ]);
});

test('a certificate is announced by its number and by each parent that it has', async () => {
  const { tagsOf, writer } = await aListener();
  const { rows } = await writer.query(
    'select * from certificates where num_nulls(spa_id, template_id, issued_by_id) = 0 order by id limit 1',
  );
  const { id, number, spa_id, template_id, issued_by_id } = rows[0];
  const left = [
    'certificates',
    `certificates.issued_by_id=${issued_by_id}`,
    `certificates.number=${number}`,
    `certificates.spa_id=${spa_id}`,
    `certificates:${id}`,
  ];
  const tags = [...left, `certificates.template_id=${template_id}`].sort();
  expect(await tagsOf(`update certificates set template_id = null where id = ${id}`)).toEqual(tags);
  expect(await tagsOf(`update certificates set holder_name = 'Asha' where id = ${id}`)).toEqual(left);
});

test('rows that hang on a certificate are announced by it', async () => {
  const { tagsOf, writer } = await aListener();
  for (const table of ['salary_months', 'invoice_items', 'daily_sheet_entries']) {
    const [{ id }] = (await writer.query(`select max(certificate_id) as id from ${table}`)).rows;
    expect(await tagsOf(`update ${table} set position = position + 100 where certificate_id = ${id}`)).toEqual([
      table,
      `${table}.certificate_id=${id}`,
    ]);
  }
});

test('what a foreign key changes is announced as well', async () => {
  const { tagsOf, writer } = await aListener();
  const [{ id }] = (await writer.query('select max(certificate_id) as id from invoice_items')).rows;
  const deleted = await tagsOf(`delete from certificates where id = ${id}`);
  expect(deleted).toEqual(expect.arrayContaining([`certificates:${id}`, 'invoice_items', `invoice_items.certificate_id=${id}`]));
  await writer.query(
    `insert into certificate_templates (id, name, category, kind, updated_at) values (900, 'Plain', 'ID_CARD', 'IMAGE', now())`,
  );
  await writer.query('update certificates set template_id = 900 where id = 1');
  const orphaned = await tagsOf('delete from certificate_templates where id = 900');
  expect(orphaned).toEqual(
    expect.arrayContaining(['certificate_templates:900', 'certificates', 'certificates:1', 'certificates.template_id=900']),
  );
});

test('what changes nothing, and what is rolled back, is not announced', async () => {
  const { tagsOf, batches, gaps } = await aListener();
  const id = freshId();
  expect(await tagsOf(`update spas set name = 'Other' where id = -1`)).toEqual([]);
  expect(await tagsOf(`begin; update spas set name = 'Other' where id = 1; truncate invoice_items; rollback`)).toEqual([]);
  expect(await tagsOf(`begin; savepoint s; update spas set name = 'Other' where id = 1; rollback to s; ${hire(id, 2)}; commit`)).toEqual([
    'hiring_forms',
    'hiring_forms.spa_id=2',
    `hiring_forms:${id}`,
  ]);
  expect(batches).toHaveLength(1);
  expect(gaps).toEqual([]);
});

test('nothing is announced before the commit', async () => {
  const { tagsOf } = await aListener();
  expect(await tagsOf(`begin; update spas set name = 'Other' where id = 1`)).toEqual([]);
  expect(await tagsOf('commit')).toEqual(['spas', 'spas:1']);
});

test('large changes are announced as the whole table, and many small ones of a transaction one by one', async () => {
  const { tagsOf } = await aListener({ isOwn: true });
  expect(await tagsOf(`${hire(900_000, 2, 48)}; delete from hiring_forms where id >= 900000`)).toHaveLength(50);
  expect(await tagsOf(hire(900_000, 2, 49))).toEqual(['#hiring_forms']);
  expect(await tagsOf('update certificates set is_public = not is_public')).toEqual(['#certificates']);
  expect(await tagsOf('delete from daily_sheet_entries')).toEqual(['#daily_sheet_entries']);
  expect(await tagsOf('begin; update hiring_forms set spa_id = 1; update hiring_forms set spa_id = 2; commit')).toEqual(['#hiring_forms']);
  // One tag that is longer than a payload may be; incompressible, and without the index on it that would refuse it too.
  await tagsOf(
    'alter table certificates drop constraint if exists certificates_number_key; drop index if exists certificates_number_key, certificates_search',
  );
  expect(await tagsOf(`update certificates set number = repeat('9', 9000) where id = 1`)).toEqual(['#certificates']);
  const each = Array.from({ length: 200 }, (_, i) => `update spas set version = ${i} where id = ${(i % 2) + 1};`);
  expect(await tagsOf(`begin; ${each.join(' ')} commit`)).toEqual(['spas', 'spas:1', 'spas:2']);
});

test('truncate is announced for every table that it empties', async () => {
  const { tagsOf } = await aListener({ isOwn: true });
  expect(await tagsOf('truncate certificates cascade')).toEqual([
    '#certificates',
    '#daily_sheet_entries',
    '#invoice_items',
    '#salary_months',
  ]);
});

test("a writer's own search_path does not change what is announced", async () => {
  const { tagsOf } = await aListener({ isOwn: true });
  await tagsOf(`create schema other; create function other.pg_notify(text, text) returns void language sql as 'select 1 / 0'`);
  await tagsOf(`set search_path = other, pg_catalog, public`);
  expect(await tagsOf(`update public.spas set name = 'Other' where id = 1`)).toEqual(['spas', 'spas:1']);
});
