import { expect, test } from 'vitest';
import { encodeId } from '../src/graphql/ids.ts';
import { rowsOf } from './support/database.ts';
import { numberOf } from './support/lists.ts';
import { anApp } from './support/world.ts';

const COUNT = 'totalCount { value isExact }';

/** Gives a spa exactly so many openings. */
async function setOpenings(databaseUrl: string, spaId: number, count: number) {
  await rowsOf(databaseUrl, 'delete from hiring_forms where spa_id = $1', [spaId]);
  await rowsOf(
    databaseUrl,
    `insert into hiring_forms (spa_id, for_role, staff_required, description, required_experience, required_education, required_skills, updated_at)
     select $1, 'Therapist', 1, 'x', 'x', 'x', 'x', now() from generate_series(1, $2::int)`,
    [spaId, count],
  );
}

test('totalCount is exact up to 10,000 and an estimate above', async () => {
  const { ask, databaseUrl } = await anApp();
  await rowsOf(databaseUrl, 'delete from hiring_forms');
  const count = async () => (await ask(`{ hiringForms { ${COUNT} } }`, {}, { as: 'ADMIN' })).data.hiringForms.totalCount;
  await setOpenings(databaseUrl, 1, 10_000);
  expect(await count()).toEqual({ value: 10_000, isExact: true });
  await setOpenings(databaseUrl, 2, 1);
  const above = await count();
  expect(above.isExact).toBe(false);
  expect(above.value).toBeGreaterThan(10_000);
  await setOpenings(databaseUrl, 2, 20_000);
  await rowsOf(databaseUrl, 'analyze hiring_forms');
  const estimated = await count();
  expect(estimated.isExact).toBe(false);
  expect(Math.abs(estimated.value - 30_000)).toBeLessThan(3000);
});

test('several parents above 10,000 are counted and estimated in two statements, each with a number of its own', async () => {
  const { ask, databaseUrl, statements } = await anApp();
  await setOpenings(databaseUrl, 1, 10_050);
  await setOpenings(databaseUrl, 2, 30_000);
  await setOpenings(databaseUrl, 3, 7);
  await rowsOf(databaseUrl, `update spas set is_active = true`);
  await rowsOf(databaseUrl, 'analyze hiring_forms');
  const ids = [2, 3, 1].map((id) => encodeId('Spa', id));
  const query = `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Spa { hiringForms { ${COUNT} } } } }`;
  let nodes: { hiringForms: { totalCount: { value: number; isExact: boolean } } }[] = [];
  const texts = await statements.during(async () => {
    nodes = (await ask(query, { ids })).data.nodes;
  });
  expect(texts, texts.join('\n')).toHaveLength(3);
  const [large, few, middle] = nodes.map(({ hiringForms }) => hiringForms.totalCount);
  expect(few).toEqual({ value: 7, isExact: true });
  expect([large?.isExact, middle?.isExact]).toEqual([false, false]);
  expect(Math.abs((large?.value ?? 0) - 30_000)).toBeLessThan(5000);
  expect(Math.abs((middle?.value ?? 0) - 10_050)).toBeLessThan(3000);
});

test('an estimate is taken with the filters of the list, searches too', async () => {
  const { ask, databaseUrl } = await anApp();
  await setOpenings(databaseUrl, 1, 10_050);
  await rowsOf(databaseUrl, 'analyze hiring_forms');
  const filters = [{ spaId: encodeId('Spa', 1) }, { search: 'therapist' }, { search: 'therapist', spaId: encodeId('Spa', 1) }];
  for (const filter of filters) {
    const { data } = await ask(`query ($filter: HiringFormFilter) { hiringForms(filter: $filter) { ${COUNT} } }`, { filter });
    expect(data.hiringForms.totalCount.isExact).toBe(false);
    expect(data.hiringForms.totalCount.value).toBeGreaterThan(10_000);
  }
});

test('nothing is counted that is not selected, and no page is read for a count alone', async () => {
  const { ask, statements } = await anApp();
  for (const list of ['spas', 'templates', 'publicCertificates', 'hiringForms']) {
    const onlyPage = await statements.during(() => ask(`{ ${list} { nodes { id } pageInfo { hasNextPage } } }`));
    expect(onlyPage).toHaveLength(1);
    expect(onlyPage[0]).not.toMatch(/count\(|explain/);
    const onlyCount = await statements.during(() => ask(`{ ${list} { ${COUNT} } }`));
    expect(onlyCount).toHaveLength(1);
    expect(onlyCount[0]).toMatch(/count\(\*\)/);
    expect(onlyCount[0]).not.toMatch(/order by "|holder_name|for_role/);
    expect(await statements.during(() => ask(`{ ${list} { nodes { id } edges { cursor } ${COUNT} } }`))).toHaveLength(2);
  }
});

test('a count is the number of rows that pages show, whatever the page and the viewer', async () => {
  const { ask, databaseUrl } = await anApp();
  const [expected] = await rowsOf(
    databaseUrl,
    'select count(*)::int as n, count(*) filter (where is_public)::int as public from certificates',
  );
  const query = `query ($last: Int) { publicCertificates(last: $last) { ${COUNT} } }`;
  for (const last of [1, 100]) expect((await ask(query, { last })).data.publicCertificates.totalCount.value).toBe(expected?.public);
  expect((await ask(`{ certificates { ${COUNT} } }`, {}, { as: 'HR' })).data.certificates.totalCount.value).toBe(expected?.n);
});

const COMBINED: { list: string; type: string; filter: Record<string, unknown>; sql: string }[] = [
  {
    list: 'certificates',
    type: 'CertificateFilter',
    filter: { category: 'ID_CARD', generatedAfter: '2022-01-01T00:00:00Z', generatedBefore: '2026-01-01T00:00:00Z', search: 'a -' },
    sql: `select id from certificates where category = 'ID_CARD' and generated_at >= '2022-01-01Z' and generated_at < '2026-01-01Z' and holder_name || ' ' || number ilike '%a%-%'`,
  },
  {
    list: 'certificates',
    type: 'CertificateFilter',
    filter: { spaId: encodeId('Spa', 1), category: 'OFFER_LETTER', search: null },
    sql: `select id from certificates where spa_id = 1 and category = 'OFFER_LETTER'`,
  },
  {
    list: 'spas',
    type: 'SpaFilter',
    filter: { isActive: true, search: 'SPA' },
    sql: `select id from spas where is_active and concat_ws(' ', name, code, area, city, state) ilike '%spa%'`,
  },
  {
    list: 'users',
    type: 'UserFilter',
    filter: { role: 'USER', isActive: true, search: 'convoy.example' },
    sql: `select id from users where role = 'USER' and is_active and email ilike '%convoy.example%'`,
  },
  {
    list: 'templates',
    type: 'TemplateFilter',
    filter: { kind: 'HTML', isActive: true, isPublic: true, category: 'ID_CARD' },
    sql: `select id from certificate_templates where kind = 'HTML' and is_active and is_public and category = 'ID_CARD'`,
  },
  {
    list: 'candidateForms',
    type: 'CandidateFormFilter',
    filter: { spaId: encodeId('Spa', 1), createdAfter: '2023-01-01T00:00:00Z', search: 'a' },
    sql: `select id from candidate_forms where spa_id = 1 and created_at >= '2023-01-01Z' and first_name || ' ' || last_name || ' ' || phone_number ilike '%a%'`,
  },
];

for (const [i, { list, type, filter, sql }] of COMBINED.entries()) {
  test(`filters of ${list} combine: ${Object.keys(filter).join(', ')} (${i + 1})`, async () => {
    const { ask, databaseUrl } = await anApp();
    const expected = (await rowsOf<{ id: number }>(databaseUrl, sql)).map(({ id }) => id).sort((a, b) => a - b);
    const query = `query ($filter: ${type}) { list: ${list}(filter: $filter, first: 100) { nodes { id } ${COUNT} } }`;
    const { data, errors } = await ask(query, { filter }, { as: 'ADMIN' });
    expect(errors).toBeUndefined();
    expect(expected.length).toBeGreaterThan(0);
    expect(data.list.totalCount).toEqual({ value: expected.length, isExact: true });
    if (expected.length <= 100) {
      expect(data.list.nodes.map(({ id }: { id: string }) => numberOf(id)).sort((a: number, b: number) => a - b)).toEqual(expected);
    }
  });
}
