// What lies in columns and what becomes of it: rows in Prisma's shapes, cursors that lead to the row behind, filters that mean the same value.

import { expect, onTestFinished, test } from 'vitest';
import {
  atLeast,
  below,
  byBigInt,
  byDay,
  byInt,
  byText,
  byTime,
  equals,
  nullsLast,
  type OrderTerm,
} from '../../../../src/batching/list-options.ts';
import { Prisma } from '../../../../src/generated/prisma/client.ts';
import { rowsOf } from '../../../support/database.ts';
import { field, someThings } from '../../../support/things.ts';

/** Sets the zone of this machine until the test ends. */
function inZone(zone: string): void {
  const { TZ } = process.env;
  process.env.TZ = zone;
  onTestFinished(() => {
    if (TZ === undefined) delete process.env.TZ;
    else process.env.TZ = TZ;
  });
}

const idsOf = async (url: string, order: string) =>
  (await rowsOf<{ id: number }>(url, `select id from things order by ${order}`)).map(({ id }) => id);

const MICROSECONDS = `create table things (id serial primary key, at timestamptz(6) not null);
  insert into things (at) select '2026-03-31 09:30:00+00'::timestamptz + (n * 7 % 500) * interval '3 microseconds' from generate_series(1, 500) n`;

test.each([
  ['forward', false, false],
  ['backward', true, false],
  ['forward in a descending list', false, true],
  ['backward in a descending list', true, true],
])('a list that is ordered by microseconds is walked whole %s, each row once', async (_, isBackward, isDescending) => {
  const { url, listBy } = await someThings(MICROSECONDS, [field('at', 'DateTime')]);
  const { walk } = listBy([byTime('at'), byInt('id')], { isDescending });
  expect((await walk({ size: 7, isBackward })).ids).toEqual(await idsOf(url, isDescending ? 'at desc, id desc' : 'at, id'));
});

const ODD = [
  '-infinity',
  '4714-11-24 00:00:00+00 BC',
  '0044-03-15 12:00:00+00 BC',
  '0001-12-31 23:59:59.999999+00 BC',
  '0001-01-01 00:00:00+00',
  '0999-12-31 00:00:00.000001+00',
  '1969-12-31 23:59:59.9995+00',
  '2026-03-31 09:30:00+00',
  '2026-03-31 09:30:00.000001+00',
  '9999-12-31 23:59:59.999999+00',
  '10000-01-01 00:00:00+00',
  '275761-01-01 00:00:00+00',
  '294276-12-31 23:59:59.999999+00',
  'infinity',
];

test.each(['timestamptz', 'timestamp'])(
  'a list with odd moments of type %s is walked whole both ways, and shows each as a DateTime',
  async (type) => {
    const values = ODD.map((text) => `('${text.replace('+00', type === 'timestamp' ? '' : '+00')}')`).join(', ');
    const { url, listBy } = await someThings(
      `create table things (id serial primary key, at ${type} not null); insert into things (at) values ${values}`,
      [field('at', 'DateTime')],
    );
    const { page, walk } = listBy([byTime('at'), byInt('id')]);
    const expected = await idsOf(url, 'at, id');
    expect(expected).toHaveLength(ODD.length);
    for (const isBackward of [false, true]) expect((await walk({ size: 1, isBackward })).ids).toEqual(expected);
    const shown = (await page({})).map(({ at }) => at.toISOString());
    expect(shown.slice(0, 4)).toEqual(Array(4).fill('0001-01-01T00:00:00.000Z'));
    expect(shown.slice(4, 10)).toEqual([
      '0001-01-01T00:00:00.000Z',
      '0999-12-31T00:00:00.000Z',
      '1969-12-31T23:59:59.999Z',
      '2026-03-31T09:30:00.000Z',
      '2026-03-31T09:30:00.000Z',
      '9999-12-31T23:59:59.999Z',
    ]);
    expect(shown.slice(10)).toEqual(Array(4).fill('9999-12-31T23:59:59.999Z'));
  },
);

test('a list with odd days is walked whole both ways', async () => {
  const days = [
    '-infinity',
    '4714-11-24 BC',
    '0044-03-15 BC',
    '0001-01-01',
    '2026-03-31',
    '9999-12-31',
    '10000-01-01',
    '5874897-12-31',
    'infinity',
  ];
  const { url, listBy } = await someThings(
    `create table things (id serial primary key, day date not null); insert into things (day) values ${days.map((day) => `('${day}')`).join(', ')}`,
    [field('day', 'DateTime')],
  );
  const { walk, page } = listBy([byDay('day'), byInt('id')]);
  for (const isBackward of [false, true]) expect((await walk({ size: 1, isBackward })).ids).toEqual(await idsOf(url, 'day, id'));
  expect((await page({})).map(({ day }) => day.toISOString().slice(0, 10))).toEqual([
    ...Array(4).fill('0001-01-01'),
    '2026-03-31',
    ...Array(4).fill('9999-12-31'),
  ]);
});

test.each<[string, string, string, OrderTerm, string]>([
  ['moments', 'timestamptz', `'2026-03-31'::timestamptz + n * interval '1 day'`, byTime('value'), 'DateTime'],
  ['days', 'date', `'2026-03-31'::date + n`, byDay('value'), 'DateTime'],
  ['whole numbers', 'integer', 'n - 5', byInt('value'), 'Int'],
  ['long numbers', 'bigint', '9007199254740993 + n', byBigInt('value'), 'BigInt'],
  ['texts', 'text', `'name ' || n`, byText('value'), 'String'],
])(
  'a list that is ordered by %s that may be null is walked whole both ways, those without last',
  async (_, type, value, term, prismaType) => {
    const sql = `create table things (id serial primary key, value ${type});
    insert into things (value) select case when n % 3 = 0 then null else ${value} end from generate_series(1, 10) n, generate_series(1, 2)`;
    const { url, listBy } = await someThings(sql, [field('value', prismaType)]);
    const { walk, check } = listBy([...nullsLast(term), byInt('id')]);
    check();
    for (const isBackward of [false, true])
      expect((await walk({ size: 3, isBackward })).ids).toEqual(await idsOf(url, 'value nulls last, id'));
    expect(() => listBy([term, byInt('id')]).check()).toThrow('The list of Thing is ordered by value, whose column value may be NULL.');
  },
);

test('a list whose term is for other columns than it has ends the start', async () => {
  const { listBy } = await someThings(
    'create table things (id bigint primary key, price numeric not null)',
    [field('price', 'Decimal')],
    'BigInt',
  );
  expect(() => listBy([byText('price')]).check()).toThrow(
    'whose column price is numeric: the term orders text, varchar, bpchar, citext only.',
  );
  expect(() => listBy([byInt('nothing')]).check()).toThrow('whose column nothing is not there');
});

test('texts of a fixed length are found, ordered and paged by their whole length', async () => {
  const { url, listBy, rowsBy } = await someThings(
    `create table things (id serial primary key, code char(6) not null); insert into things (code) select 'AB' || n from generate_series(1, 30) n`,
    [field('code', 'String')],
  );
  const { walk, page } = listBy([byText('code'), byInt('id')], { filters: { code: equals('code' as never) } });
  for (const isBackward of [false, true]) expect((await walk({ size: 4, isBackward })).ids).toEqual(await idsOf(url, 'code, id'));
  expect((await page({ where: { code: 'AB7' } })).map(({ id }) => id)).toEqual([7]);
  expect(await page({ where: { code: 'AB7   and more' } })).toEqual([]);
  expect((await rowsBy('code', ['AB7', 'AB8   ', 'AB'])).map((row) => row?.id)).toEqual([7, 8, undefined]);
});

test('long numbers are BigInts: in rows, as keys, in filters and in cursors', async () => {
  const { listBy, rowsBy } = await someThings(
    `create table things (id bigint primary key, parent bigint not null, small integer not null, count bigint not null);
     insert into things select 9007199254740993 + n, 9007199254740993 + n % 2, n, n from generate_series(0, 9) n`,
    [field('parent', 'BigInt'), field('small', 'BigInt'), field('count', 'Int')],
    'BigInt',
  );
  const id = (n: number) => 9007199254740993n + BigInt(n);
  expect(await rowsBy('id', [id(1), 1n])).toEqual([{ id: id(1), parent: id(1), small: 1n, count: 1 }, null]);
  const { page, walk } = listBy([byBigInt('id')], { filters: { parent: equals('parent' as never) } });
  expect((await walk({ size: 2, where: { parent: id(0) } })).ids).toEqual([0, 2, 4, 6, 8].map(id));
  expect(await page({ where: { parent: id(5) } })).toEqual([]);
});

test.each(['numeric', 'integer'])(
  'decimals in a column of type %s are found: by keys and by filters, alone and many at once',
  async (type) => {
    const { listBy, rowsBy } = await someThings(
      `create table things (id serial primary key, price ${type}); insert into things (price) values (1.5 * 2), (20), (null), (12e5), (-7)`,
      [field('price', 'Decimal')],
    );
    const filters = { is: equals('price' as never), from: atLeast('price' as never), to: below('price' as never) };
    const { page } = listBy([byInt('id')], { filters });
    const decimal = (text: string) => new Prisma.Decimal(text);
    const found = async (where: object) => (await page({ where })).map(({ id }) => id);
    expect(await found({ is: decimal('3.00') })).toEqual([1]);
    expect(await found({ is: decimal('1.2e6') })).toEqual([4]);
    expect(await found({ from: decimal('2.5') })).toEqual([1, 2, 4]);
    expect(await found({ from: decimal('-7'), to: decimal('3.1') })).toEqual([1, 5]);
    const keys = ['3', '20.0', '1.5', '1200000', '-7'].map(decimal);
    expect((await rowsBy('price', keys)).map((row) => row?.id)).toEqual([1, 2, undefined, 4, 5]);
  },
);

test.each(['America/Los_Angeles', 'Asia/Kolkata', 'UTC'])('moments and days are the same on a machine in %s', async (zone) => {
  inZone(zone);
  expect(new Date(2026, 2, 31).getTimezoneOffset()).toBe({ 'America/Los_Angeles': 420, 'Asia/Kolkata': -330 }[zone] ?? 0);
  const { listBy } = await someThings(
    `create table things (id serial primary key, at timestamp not null, day date not null, days date[] not null, moments timestamp[] not null);
     insert into things (at, day, days, moments) select d + time '00:30', d, array[d], array[d + time '00:30'] from generate_series('2026-03-30', '2026-04-01', interval '1 day') m, date(m) d`,
    [field('at', 'DateTime'), field('day', 'DateTime'), field('days', 'DateTime'), field('moments', 'DateTime')],
  );
  const filters = { from: atLeast('day' as never), to: below('day' as never), on: equals('day' as never), since: atLeast('at' as never) };
  const { page, walk } = listBy([byTime('at'), byInt('id')], { filters });
  const [first] = await page({});
  expect([first.at, first.day, ...first.days, ...first.moments].map((date: Date) => date.toISOString())).toEqual([
    '2026-03-30T00:30:00.000Z',
    '2026-03-30T00:00:00.000Z',
    '2026-03-30T00:00:00.000Z',
    '2026-03-30T00:30:00.000Z',
  ]);
  const found = async (where: object) => (await page({ where })).map(({ id }) => id);
  const day = new Date('2026-03-31T00:00:00Z');
  expect([await found({ on: day }), await found({ from: day }), await found({ to: day })]).toEqual([[2], [2, 3], [1]]);
  expect([await found({ since: new Date('2026-03-31T00:30:00Z') }), await found({ since: new Date('2026-03-31T00:31:00Z') })]).toEqual([
    [2, 3],
    [3],
  ]);
  expect((await walk({ size: 1 })).ids).toEqual([1, 2, 3]);
});

test('a filter takes the value of a row as it is: microseconds, infinity, years without number', async () => {
  const { listBy } = await someThings(
    `create table things (id serial primary key, at timestamptz not null);
     insert into things (at) values ${ODD.map((text) => `('${text}')`).join(', ')}`,
    [field('at', 'DateTime')],
  );
  const { page } = listBy([byInt('id')], { filters: { at: equals('at' as never) } });
  for (const { id, at } of await page({})) expect((await page({ where: { at } })).map((row) => row.id)).toEqual([id]);
});

test('arrays, JSON, bytes, numbers and domains come in the shapes that Prisma gives', async () => {
  const { database } = await someThings(
    `create type mood as enum ('GLAD', 'SAD');
     create domain short as varchar(5); create domain shorter as short check (value <> 'no');
     create table things (id serial primary key, tags text[], moods mood[], prices numeric[], longs bigint[], data jsonb, bytes bytea,
       price numeric, ratio float8, single real, code shorter);
     insert into things (tags, moods, prices, longs, data, bytes, price, ratio, single, code) values
       ('{a,"b,c"}', '{GLAD,SAD}', '{1.50,NaN}', '{9007199254740993}', '{"a": [1]}', '\\\\x00ff', 'NaN', 0.1, 0.1, 'yes')`.replaceAll(
      '\\\\',
      '\\',
    ),
    [
      field('tags', 'String'),
      field('moods', 'Mood', { kind: 'enum' }),
      field('prices', 'Decimal'),
      field('longs', 'BigInt'),
      field('data', 'Json'),
      field('bytes', 'Bytes'),
      field('price', 'Decimal'),
      field('ratio', 'Float'),
      field('single', 'Float'),
      field('code', 'String'),
    ],
  );
  const { columns } = database.table('Thing');
  const list = [...columns].map(([name, { name: column, readAs }]) => `"${column}"${readAs ? `::${readAs}` : ''} as "${name}"`).join(', ');
  const [row] = await database.query<Record<string, unknown>>(`select ${list} from things`, []);
  expect(row).toMatchObject({
    tags: ['a', 'b,c'],
    moods: ['GLAD', 'SAD'],
    longs: [9007199254740993n],
    data: { a: [1] },
    ratio: 0.1,
    single: 0.1,
    code: 'yes',
  });
  expect(row?.prices).toEqual([new Prisma.Decimal('1.5'), new Prisma.Decimal('NaN')]);
  expect(row?.price).toBeInstanceOf(Prisma.Decimal);
  expect(row?.bytes).toEqual(Buffer.from([0, 255]));
  expect(columns.get('code')?.type).toBe('character varying');
});
