// Compiled queries and graphql-js, side by side: the same operation has the same answer, with its errors.

import { parse, validate } from 'graphql';
import { expect, test } from 'vitest';
import { demoSignIns } from '../prisma/seed/demo.ts';
import { encodeId } from '../src/graphql/ids.ts';
import { schema } from '../src/graphql/schema.ts';
import { examples } from '../src/modules/examples.ts';
import { createRandom, readWebsitesAs } from './support/batching.ts';
import { compiledAndPlain } from './support/compiled-and-plain.ts';
import { rowsOf } from './support/database.ts';
import { IDS, OPERATIONS, WITH_VARIABLES } from './support/forms-of-operations.ts';
import { SPA, templateFor } from './support/inputs.ts';
import { randomDocument } from './support/random-documents.ts';

const ROLES = [undefined, ...demoSignIns.map(({ role }) => role)];

test('the answers to all examples are the same, for every role', async () => {
  const { ask, differences } = await compiledAndPlain();
  const queries = examples.filter(({ query }) => query.startsWith('query'));
  expect(queries.length).toBeGreaterThan(8);
  for (const { query, variables } of queries) for (const as of ROLES) await ask({ query, variables }, as);
  expect(differences).toEqual([]);
});

test('the answers to operations of every form are the same, with their errors', async () => {
  const { ask, differences } = await compiledAndPlain();
  let failed = 0;
  for (const as of [undefined, 'ADMIN'] as const)
    for (const accept of ['application/json', 'application/graphql-response+json'])
      for (const body of OPERATIONS) if ((await ask(body, as, accept)).errors) failed++;
  expect(failed).toBeGreaterThan(20);
  expect(differences).toEqual([]);
});

const LEFT_OUT = [
  'a: spas(first: 1) { nodes { ...F @skip(if: $yes) } } b: spas(first: 1) { nodes { ...F } }',
  'spas(first: 1) { nodes { ...F @skip(if: $yes) ...F } }',
  'spas(first: 1) { nodes { ...G @include(if: $no) ...H } }',
  'spas(first: 1) { nodes { id } pageInfo @skip(if: $yes) { ... on PageInfo { endCursor } } pageInfo { hasNextPage } }',
  'spas(first: 1) { nodes { ... @include(if: $no) { ...F } certificates(first: 1) { nodes { spa { ...F } } } } }',
];

test('what is left out in one place is there in another', async () => {
  const { ask, differences } = await compiledAndPlain();
  // A document uses each of its fragments.
  const all = 'z: spas(first: 1) { nodes { ...F ...G ...H } }';
  const fragments = 'fragment F on Spa { name } fragment G on Spa { city ...F } fragment H on Spa { code ...F }';
  const declared = '($yes: Boolean!, $no: Boolean!)';
  const variables = { yes: true, no: false };
  for (const selection of LEFT_OUT) {
    const used = `${selection} ... @skip(if: $no) { __typename } ... @include(if: $yes) { __typename }`;
    expect((await ask({ query: `query ${declared} { ${used} ${all} } ${fragments}`, variables })).errors).toBeUndefined();
    // Two operations of one document share its fragments.
    const query = `query A${declared} { ${used} } query B { ${all} } ${fragments}`;
    for (const operationName of ['A', 'B']) expect((await ask({ query, variables, operationName })).errors).toBeUndefined();
  }
  expect(differences).toEqual([]);
});

test('variables are taken and refused in the same words', async () => {
  const { ask, differences } = await compiledAndPlain();
  const refused: unknown[] = [];
  for (const as of ['ADMIN', undefined] as const)
    for (const [query, all] of WITH_VARIABLES)
      for (const variables of all) if ((await ask({ query, variables }, as)).errors) refused.push(variables);
  expect(refused.length).toBeGreaterThan(40);
  expect(differences).toEqual([]);
});

test('what fails in the middle fails in the same places', async () => {
  const { ask, differences, databaseUrl } = await compiledAndPlain({ expectsErrors: true });
  const queries = examples.filter(({ query }) => query.startsWith('query'));
  const lists = [
    '{ spas(first: 3) { nodes { id } } templates(first: 2) { nodes { id } } }',
    '{ publicCertificates(first: 5) { nodes { id spa { name } ... on IdCard { designation } } edges { cursor } } }',
  ];
  const check = async () => {
    let errors = 0;
    for (const as of [undefined, 'ADMIN'] as const) {
      for (const { query, variables } of queries) errors += (await ask({ query, variables }, as)).errors?.length ?? 0;
      for (const query of lists) errors += (await ask({ query }, as)).errors?.length ?? 0;
    }
    return errors;
  };
  expect(await check()).toBeLessThan(10);
  // Some rows of a list fail, then a whole table, then what a certificate is printed from.
  await readWebsitesAs(databaseUrl, `case when id % 2 = 0 then (1 / (id - id))::text else website end`);
  expect(await check()).toBeGreaterThan(10);
  await rowsOf(databaseUrl, 'drop view spas');
  expect(await check()).toBeGreaterThan(10);
  await rowsOf(databaseUrl, 'alter table all_spas rename to spas');
  await rowsOf(databaseUrl, 'alter table certificates rename column designation to former_designation');
  expect(await check()).toBeGreaterThan(3);
  expect(differences).toEqual([]);
});

test('hundreds of random operations have the same answers', async () => {
  const seed = Number(process.env.CONVOY_TEST_SEED ?? 20_261_123);
  const random = createRandom(seed);
  const { ask, differences, databaseUrl } = await compiledAndPlain();
  const [certificate] = await rowsOf<{ number: string }>(databaseUrl, 'select number from certificates where is_public limit 1');
  const pools = {
    ID: [...IDS, encodeId('IdCard', 5), encodeId('CandidateForm', 3), 'nonsense'].map((id) => `"${id}"`),
    spaId: [`"${SPA}"`],
    templateId: [`"${templateFor('ID_CARD')}"`],
    number: [`"${certificate?.number}"`, '"INV-2026-1"', '""'],
    first: ['1', '2', '3'],
    after: ['null'],
    String: ['"a"', '"Pune"', '""'],
    Boolean: ['true', 'false'],
    DateTime: ['"2024-01-01T00:00:00Z"'],
  };
  const counts = { valid: 0, errors: 0, invalid: 0 };
  for (let round = 0; round < 300; round++) {
    const body = randomDocument(schema, random, pools);
    if (validate(schema, parse(body.query)).length > 0) {
      counts.invalid++;
      continue;
    }
    counts.valid++;
    const answer = await ask(body, ROLES[round % ROLES.length]).catch((error) =>
      Promise.reject(new Error(`seed ${seed}, round ${round}: ${error.message}`, { cause: error })),
    );
    if (answer.errors) counts.errors++;
  }
  expect(counts.invalid).toBeLessThan(100);
  expect(counts.errors).toBeGreaterThan(20);
  expect(counts.valid - counts.errors).toBeGreaterThan(60);
  expect(differences).toEqual([]);
}, 60_000);
