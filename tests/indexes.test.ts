// Each index that is written by hand in the migrations serves the statement that it was made for: the gateway's own text, explained.

import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { encodeId } from '../src/graphql/ids.ts';
import { rowsOf } from './support/database.ts';
import { anApp } from './support/world.ts';

type Case = { index: string; query: string; as?: 'ADMIN' | 'HR'; values: unknown[] };

const spa = encodeId('Spa', 1);
const user = encodeId('User', 2);
const template = encodeId('CertificateTemplate', 1);
const search = (list: string, as?: 'ADMIN' | 'HR') => ({
  query: `{ ${list}(first: 5, filter: { search: "lotus" }) { nodes { id } } }`,
  as,
  values: ['%lotus%', 6],
});

const CASES: Case[] = [
  { index: 'spas_search', ...search('spas') },
  { index: 'certificates_search', ...search('certificates', 'ADMIN') },
  { index: 'candidate_forms_search', ...search('candidateForms', 'HR') },
  { index: 'hiring_forms_search', ...search('hiringForms', 'ADMIN') },
  { index: 'users_search', ...search('users', 'ADMIN') },
  { index: 'spas_city', query: '{ spas(first: 5, filter: { city: "Pune" }) { nodes { id } } }', values: [['Pune'], [6]] },
  { index: 'certificates_public_time', query: '{ publicCertificates(first: 5) { nodes { id } } }', values: [[6]] },
  {
    index: 'certificates_public_category',
    query: '{ publicCertificates(first: 5, filter: { category: ID_CARD }) { nodes { id } } }',
    values: [['ID_CARD'], [6]],
  },
  {
    index: 'certificates_public_spa',
    query: `{ publicCertificates(first: 5, filter: { spaId: "${spa}" }) { nodes { id } } }`,
    values: [[1], [6]],
  },
  { index: 'certificates_public_spa', query: `{ spa(id: "${spa}") { certificates(first: 5) { nodes { id } } } }`, values: [[1], [6]] },
  {
    index: 'certificates_public_template',
    query: `{ publicCertificates(first: 5, filter: { templateId: "${template}" }) { nodes { id } } }`,
    values: [[1], [6]],
  },
  {
    index: 'certificates_public_issuer',
    query: `{ node(id: "${user}") { ... on User { certificates(first: 5) { nodes { id } } } } }`,
    values: [[2], [6]],
  },
  { index: 'certificate_templates_gallery', query: '{ templates(first: 5) { nodes { id } } }', values: [[6]] },
  { index: 'certificate_templates_order', query: '{ templates(first: 5) { nodes { id } } }', as: 'ADMIN', values: [[6]] },
];

for (const { index, query, as, values } of CASES) {
  test(`${index} serves ${query}`, async () => {
    const { ask, statements, databaseUrl } = await anApp();
    // The user must be one whom visitors see.
    await rowsOf(databaseUrl, `update certificates set issued_by_id = 2 where id = (select min(id) from certificates where is_public)`);
    const texts = await statements.during(() => ask(query, {}, as ? { as } : {}));
    const pages = texts.filter((text) => text.includes('limit 101'));
    expect(pages).toHaveLength(1);
    const plan = await planOf(databaseUrl, pages[0] ?? '', values);
    expect(plan).toContain(index);
  });
}

test('every index that is written by hand has a statement here', async () => {
  const { databaseUrl } = await anApp();
  const found = await rowsOf<{ name: string }>(
    databaseUrl,
    `select c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'public' and (i.indpred is not null or i.indexprs is not null)`,
  );
  expect(found.map(({ name }) => name).sort()).toEqual([...new Set(CASES.map(({ index }) => index))].sort());
});

/** The plan for these values. Small tables are read whole and sorted: that way is closed, so that the planner shows what it could use. */
async function planOf(databaseUrl: string, text: string, values: unknown[]): Promise<string> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  onTestFinished(() => client.end());
  const isSearch = text.includes('ilike');
  await client.query(
    `set enable_seqscan = off; set random_page_cost = 0.1; ${isSearch ? 'set enable_indexscan = off; set enable_indexonlyscan = off' : 'set enable_sort = off; set enable_bitmapscan = off'}`,
  );
  const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values);
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}
