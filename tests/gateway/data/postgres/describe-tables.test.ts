// A start with columns that the gateway cannot read, or would read wrongly, ends with one sentence.

import { expect, test } from 'vitest';
import type { Table } from '../../../../src/batching/database.ts';
import { checkColumns, childrenLoader, countLoader, rowLoader } from '../../../../src/batching/rows.ts';
import type { RuntimeField } from '../../../../src/gateway/data/postgres/describe-tables.ts';
import { noDatabase } from '../../../support/batching.ts';
import { rowsOf } from '../../../support/database.ts';
import { aTable, field } from '../../../support/things.ts';

const MOOD = { enums: { Mood: { GLAD: 'GLAD', SAD: 'SAD' } } };
const mood = field('value', 'Mood', { kind: 'enum' });

test.each<[string, RuntimeField, string]>([
  [
    'time',
    field('value', 'DateTime'),
    'Thing.value cannot be read: things.value is time without time zone, which is not supported for DateTime',
  ],
  ['timetz', field('value', 'DateTime'), 'is time with time zone, which is not supported'],
  ['money', field('value', 'Decimal'), 'is money, which is not supported for Decimal'],
  ['interval', field('value', 'String'), 'is interval, which is not supported for String'],
  ['bit(3)', field('value', 'String'), 'which is not supported for String'],
  ['text', field('value', 'Int'), 'is text, which is not supported for Int (int2, int4, int8, oid is)'],
  ['float8', field('value', 'Decimal'), 'is double precision, which is not supported for Decimal'],
  ['text', mood, 'is text, which is no enum'],
  ['upper_mood', mood, 'which has no value GLAD of Mood'],
])('a column of %s behind %o is refused', async (type, of, sentence) => {
  const { describe } = await aTable(`create type upper_mood as enum ('glad', 'sad'); create table things (value ${type})`);
  const error = await describe([of], MOOD).catch((reason) => reason);
  expect(error).toMatchObject({ name: 'StartError', message: expect.stringContaining(sentence) });
});

test('an enum whose values are renamed is refused, and one that has more in the database than in the schema is not', async () => {
  const { describe } = await aTable(`create type mood as enum ('GLAD', 'SAD', 'BORED'); create table things (value mood)`);
  expect((await describe([mood], MOOD)).get('Thing')?.columns.get('value')).toMatchObject({ type: 'mood', kind: '_' });
  await expect(describe([mood], { enums: { Mood: { Happy: 'Happy' } } })).rejects.toThrow(
    'Values that are renamed with @map are not supported',
  );
});

test('what rows do not carry may be of any type, until something reads it', async () => {
  const { describe } = await aTable('create table things (id int, length interval)');
  const tables = await describe([field('id', 'Int'), field('length', 'String')], { omitted: () => ['length'] });
  expect(tables.get('Thing')?.columns.get('length')?.objection).toContain('things.length is interval');
  const database = { ...noDatabase, table: () => tables.get('Thing') as Table };
  const reads = (fields: string[]) => checkColumns(database, [{ model: 'Spa', fields }]);
  reads(['id']);
  expect(() => reads(['id', 'length'])).toThrow('things.length is interval, which is not supported');
  expect(() => reads(['width'])).toThrow('Spa has no column for width.');
});

test('a loader by values that cannot be compared, or in an order that there is not, ends the start', async () => {
  const types = { citext: 'String', xml: 'String', json: 'Json', jsonb: 'Json', bytea: 'Bytes', text_array: 'String', uuid: 'String' };
  const columns = Object.keys(types).map((type) => `of_${type} ${type.replace('_array', '[]')}`);
  const { describe } = await aTable(`create extension citext; create table things (id int, ${columns.join(', ')})`);
  const fields = Object.entries(types).map(([type, of]) => field(`of_${type}`, of));
  const tables = await describe([field('id', 'Int'), ...fields]);
  // The application's loaders are declared too.
  const others = { name: 'others', columns: { get: (name: string) => ({ name, type: 'integer', kind: 'int4' }) } } as unknown as Table;
  const database = { ...noDatabase, table: (model: string) => tables.get(model) ?? others };
  const thing = 'Thing' as 'SalaryMonth';
  const key = (type: string) => `of_${type}` as 'id' & 'certificateId';
  rowLoader(thing, key('uuid'));
  childrenLoader(thing, key('uuid'), key('jsonb'));
  checkColumns(database);
  for (const [type, name] of Object.entries({
    citext: 'citext',
    xml: 'xml',
    json: 'json',
    jsonb: 'jsonb',
    bytea: 'bytea',
    text_array: 'text[]',
  }))
    expect(() => checkColumns(database, [{ model: thing, fields: [], key: key(type) }])).toThrow(
      `Rows of Thing cannot be looked up by of_${type}: things.of_${type} is ${name}. Change the column, or write a batchLoader`,
    );
  expect(() => checkColumns(database, [{ model: thing, fields: [], key: 'id', orderBy: key('json') }])).toThrow(
    'Rows of Thing cannot be ordered by of_json: things.of_json is json.',
  );
  for (const declare of [
    () => rowLoader(thing, key('citext')),
    () => childrenLoader(thing, key('citext'), key('uuid')),
    () => countLoader(thing, key('citext')),
  ]) {
    declare();
    expect(() => checkColumns(database)).toThrow('cannot be looked up by of_citext');
  }
});

test('the first column that cannot be read is named, and how many more there are', async () => {
  const { describe } = await aTable('create table things (a interval, b money)');
  await expect(describe([field('a', 'String'), field('b', 'Decimal')])).rejects.toThrow(
    /^Thing\.a cannot be read: .* \(1 more like this\.\)$/,
  );
});

test('a column that is not there is missing, and nothing can read it', async () => {
  const { describe } = await aTable('create table things (id int)');
  const tables = await describe([field('id', 'Int'), field('name', 'String', { dbName: 'full_name' })]);
  expect(tables.get('Thing')).toMatchObject({ missing: ['full_name'] });
  expect([...(tables.get('Thing')?.columns.keys() ?? [])]).toEqual(['id']);
});

test('a model without a name of its own in the database reads the table of its name, in the schema that is named', async () => {
  const { describe, url } = await aTable('create schema app; create table app."Thing" ("createdAt" timestamptz not null, code char(8))');
  await rowsOf(url, 'create table "Thing" (other int)');
  const fields = [field('createdAt', 'DateTime', { dbName: null }), field('code', 'String')];
  const tables = await describe([], { models: { Thing: { dbName: null, fields } }, schema: 'app' });
  expect(tables.get('Thing')).toMatchObject({ name: 'Thing' });
  expect(Object.fromEntries(tables.get('Thing')?.columns ?? [])).toMatchObject({
    createdAt: { name: 'createdAt', type: 'timestamp with time zone', isNullable: false },
    code: { type: 'bpchar', isNullable: true },
  });
});
