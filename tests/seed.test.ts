import { afterAll, expect, test } from 'vitest';
import { planOf } from '../prisma/seed/plan.ts';
import { holdsDemoUsers, isEmpty, reset, seed } from '../prisma/seed/seed.ts';
import { createDatabase, type DatabaseOptions, rowsOf, SEEDED_SCALE } from './support/database.ts';

const drops: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(drops.map((drop) => drop())));

async function aDatabase(options?: DatabaseOptions): Promise<string> {
  const { url, drop } = await createDatabase(options);
  drops.push(drop);
  return url;
}

/** A checksum of all rows, table by table. */
async function checksums(url: string): Promise<Record<string, string>> {
  const tables = await rowsOf<{ name: string }>(
    url,
    `select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace and relname <> '_prisma_migrations'`,
  );
  const sums = tables.map(async ({ name }) => {
    const [row] = await rowsOf<{ sum: string }>(url, `select md5(string_agg(t::text, '|' order by t::text)) as sum from "${name}" t`);
    return [name, row?.sum ?? ''] as const;
  });
  return Object.fromEntries((await Promise.all(sums)).sort());
}

test('the scale sets how many rows there are', async () => {
  const url = await aDatabase({ seedScale: 0.01 });
  const plan = planOf(0.01, 1);
  const [counts] = await rowsOf(
    url,
    `select (select count(*)::int from users) as users, (select count(*)::int from spas) as spas,
       (select count(*)::int from certificate_templates) as templates, (select count(*)::int from certificates) as certificates,
       (select count(*)::int from candidate_forms) as "candidateForms", (select count(*)::int from hiring_forms) as "hiringForms"`,
  );
  expect(plan).toMatchObject(counts ?? {});
  expect(Object.keys(counts ?? {})).toHaveLength(6);
});

test('the same seed makes the same rows, another seed makes others', async () => {
  const [first, second, other] = await Promise.all([aDatabase(), aDatabase(), aDatabase()]);
  await Promise.all([
    seed(first, { scale: 0.005, seed: 7 }),
    seed(second, { scale: 0.005, seed: 7 }),
    seed(other, { scale: 0.005, seed: 8 }),
  ]);
  const sums = await checksums(first);
  expect(Object.values(sums).every(Boolean)).toBe(true);
  expect(await checksums(second)).toEqual(sums);
  expect(await checksums(other)).not.toEqual(sums);
});

test('a database that holds rows is refused and stays as it was', async () => {
  const url = await aDatabase({ seedScale: 0.01 });
  const before = await checksums(url);
  expect(await isEmpty(url)).toBe(false);
  await expect(seed(url, { scale: 0.01 })).rejects.toThrow('The database holds data already');
  expect(await checksums(url)).toEqual(before);
});

test('a reset leaves room for the same rows again', async () => {
  const url = await aDatabase({ seedScale: 0.01 });
  const before = await checksums(url);
  await reset(url);
  expect(await isEmpty(url)).toBe(true);
  await seed(url, { scale: 0.01 });
  expect(await checksums(url)).toEqual(before);
});

test('of two seeds at the same time one fills the database and the other is refused', async () => {
  const url = await aDatabase();
  const results = await Promise.allSettled([seed(url, { scale: 0.005 }), seed(url, { scale: 0.005 })]);
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test.each([0, -1, 101, Number.NaN])('a scale of %s is refused', (scale) => {
  expect(() => planOf(scale, 1)).toThrow('The scale must be');
});

test('the demo users are known from others behind the same ids', async () => {
  const url = await aDatabase({ seedScale: SEEDED_SCALE });
  expect(await holdsDemoUsers(url)).toBe(true);
  await rowsOf(url, `update users set email = 'owner@example.org' where id = 2`);
  expect(await holdsDemoUsers(url)).toBe(false);
});
