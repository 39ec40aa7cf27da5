// What operations cost before they run, and what their answers have cost, computed by hand.

import { parse, validate } from 'graphql';
import { expect, test } from 'vitest';
import { schema } from '../src/graphql/schema.ts';
import { createCostOf } from '../src/limits/cost.ts';
import { examples } from '../src/modules/examples.ts';
import { printed } from './support/large-documents.ts';

function costOf(query: string) {
  const document = parse(query);
  expect(validate(schema, document), query).toEqual([]);
  const cost = createCostOf(schema)(document);
  if (!cost) throw new Error('There is no operation.');
  return cost;
}
const estimate = (query: string, variables: Record<string, unknown> = {}) => costOf(query).estimate(variables);
const actual = (query: string, data: unknown, variables: Record<string, unknown> = {}) => costOf(query).actual(data, variables);
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

test('the operations of the frontend cost what they read, and no page of them is too large for a limit of 1,000', () => {
  const found = examples.map(({ query }) => {
    const operation = costOf(query);
    return [
      /\w+ (\w+)/.exec(query)?.[1],
      [operation.estimate({ id: 'x', input: {} }), operation.estimate({ id: 'x', input: {}, first: 100 })],
    ];
  });
  expect(Object.fromEntries(found)).toEqual({
    TemplateGallery: [25, 101],
    PublicCertificates: [35, 175],
    VerifyCertificate: [12, 12],
    SpaDirectory: [170, 850],
    SpaPage: [29, 29],
    JobBoard: [25, 125],
    Me: [29, 276],
    CandidateInbox: [31, 151],
    AdminUsers: [150, 300],
    Dashboard: [459, 459],
    SignUp: [21, 21],
    SignIn: [21, 21],
    IssueCertificate: [11, 11],
    DeleteCertificate: [10, 10],
    SubmitCandidateForm: [11, 11],
    PostHiringForm: [11, 11],
    SaveSpa: [11, 11],
    SaveTemplate: [11, 11],
    SaveUser: [21, 21],
    CertificateIssued: [2, 2],
  });
});

const ESTIMATES: [query: string, cost: number][] = [
  ['{ __typename }', 1],
  ['{ viewer { id email } }', 1],
  ['{ a: viewer { id } b: viewer { id } }', 2],
  ['{ viewer { id } viewer { email } ...F } fragment F on Query { viewer { role } }', 1],
  ['{ spas { nodes { id } } }', 20],
  ['{ spas(first: 3) { nodes { id createdBy { id } } } }', 4],
  ['{ spas(first: 4) { nodes { id createdBy { id } } } }', 5],
  ['{ a: spas(first: 3) { nodes { id } } b: spas(first: 5) { nodes { id } } }', 8],
  ['{ spas(last: 7) { edges { cursor } } }', 7],
  ['{ spas(first: 4) { edges { cursor node { id createdBy { id } } } pageInfo { endCursor } } }', 5],
  ['{ spas(first: 4) { nodes { id } edges { node { id } } } }', 8],
  ['{ spas(first: 100) { totalCount { value } } }', 1],
  ['{ spas(first: 30) { pageInfo { endCursor } totalCount { value } } }', 31],
  ['{ spas(first: 30) { a: pageInfo { endCursor } b: pageInfo { endCursor } n: nodes { id } } }', 30],
  ['{ spas(first: 100) { nodes { certificates(first: 100) { nodes { id } } } } }', 10_100],
  ['{ spas(first: 100) { nodes { certificates(first: 100) { pageInfo { endCursor } } } } }', 10_100],
  ['{ nodes(ids: ["a", "b", "c"]) { id } }', 3],
  ['{ nodes(ids: "a") { id } }', 1],
  ['{ nodes(ids: []) { id } viewer { id } }', 1],
  ['{ node(id: "a") { ... on Spa { createdBy { id } } ... on User { certificates(first: 7) { nodes { id } } } } }', 8],
  ['{ publicCertificates(first: 2) { nodes { id ... on DailySheet { entries { amount } } ... on Invoice { spa { id } } } } }', 22],
  ['{ certificate(number: "x") { spaSnapshot { name } spa { id } } }', 2],
  ['{ templates(first: 10) { nodes { html } } }', 20],
  ['{ statistics { forms { hiringForms } } }', 51],
  ['{ statistics { certificates { bySpa(first: 40) { count spa { id } } } } }', 101],
  ['{ statistics { certificates { bySpa { count } } } }', 61],
  ['{ __schema { types { fields { name } } } }', 100],
  ['{ __type(name: "Spa") { name } t: __type(name: "User") { name } }', 20],
  ['mutation { a: deleteSpa(id: "x") { deletedId } b: deleteSpa(id: "y") { deletedId } }', 20],
  ['mutation ($i: SignInInput!) { a: signIn(input: $i) { token } b: signIn(input: $i) { token viewer { id } } }', 41],
  ['subscription { certificateIssued { id } }', 1],
];

test.each(ESTIMATES)('%s is estimated at %i', (query, cost) => {
  expect(estimate(query)).toBe(cost);
});

test('a page is as large as its variable says, else as its default says, else as the connection does', () => {
  const plain = 'query ($n: Int) { spas(first: $n) { nodes { id } } }';
  const withDefault = 'query ($n: Int = 7) { spas(first: $n) { nodes { id } } }';
  const both = 'query ($n: Int, $m: Int) { spas(first: $n, last: $m) { nodes { id } } }';
  expect([{}, { n: null }, { n: 9 }, { n: 100 }].map((variables) => estimate(plain, variables))).toEqual([20, 20, 9, 100]);
  // Null is a value: the default of the operation does not stand in for it.
  expect([{}, { n: null }, { n: 9 }].map((variables) => estimate(withDefault, variables))).toEqual([7, 20, 9]);
  expect([{}, { m: 3 }, { n: 9 }, { n: 2, m: 3 }].map((variables) => estimate(both, variables))).toEqual([20, 3, 9, 3]);
  expect(costOf(plain).estimate(undefined)).toBe(20);
});

test('a size that a field will refuse costs no more than the largest that it takes', () => {
  const query = 'query ($n: Int) { spas(first: $n) { nodes { id } } }';
  for (const n of [101, 1e9, 20.5 * 1e9, Number.POSITIVE_INFINITY]) expect(estimate(query, { n })).toBe(100);
  for (const n of [0, -5, 'ten', {}, [], true]) expect(estimate(query, { n })).toBe(1);
  expect(estimate('{ spas(first: 2147483647) { nodes { id } } }')).toBe(100);
  expect(estimate('{ spas(first: -1) { nodes { id } } }')).toBe(1);
  expect(estimate('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: times(5000, 'x') })).toBe(100);
  expect(estimate('query ($constructor: Int) { spas(first: $constructor) { nodes { id } } }')).toBe(20);
});

test('what a directive may leave out is estimated as if it came', () => {
  expect(estimate('query ($is: Boolean!) { spas(first: 5) @include(if: $is) { nodes @skip(if: true) { id } } }', { is: false })).toBe(5);
});

const SPAS =
  '{ spas(first: 10) { nodes { id createdBy { id } certificates(first: 4) { n: nodes { id } } totalHere: id } totalCount { value } } }';

test('an answer costs what came', () => {
  expect(estimate(SPAS)).toBe(10 + 2.5 + 40 + 1 + 0.5);
  const spa = (createdBy: unknown, n: unknown[]) => ({ id: 'x', createdBy, certificates: { n } });
  const data = {
    spas: { nodes: [spa(null, []), spa({ id: 'y' }, times(3, { id: 'z' })), spa({ id: 'y' }, [null])], totalCount: { value: 3 } },
  };
  expect(actual(SPAS, data)).toBe(Math.ceil(3 + 0.5 + 3 + 1));
  expect(actual(SPAS, { spas: null })).toBe(1);
  expect(actual(SPAS, null)).toBe(1);
  expect(actual(SPAS, undefined)).toBe(1);
});

test('a list costs no more than was estimated, however long it is', () => {
  const query = '{ certificate(number: "x") { ... on DailySheet { entries { amount } } } }';
  expect(actual(query, { certificate: { entries: times(3, {}) } })).toBe(4);
  expect(actual(query, { certificate: { entries: times(200, {}) } })).toBe(11);
});

test('a page of which only the ends are shown costs what is estimated for it', () => {
  const query = 'query ($n: Int, $is: Boolean = true) { spas(first: $n) { nodes @include(if: $is) { id } pageInfo { endCursor } } }';
  expect(actual(query, { spas: { nodes: [{ id: 'x' }], pageInfo: {} } }, { n: 50 })).toBe(1);
  expect(actual(query, { spas: { pageInfo: {} } }, { n: 50 })).toBe(50);
});

test('a mutation that failed costs what it took to fail', () => {
  const query = 'mutation ($i: SignInInput!) { a: signIn(input: $i) { token viewer { id } } }';
  expect(actual(query, null)).toBe(20);
  expect(actual(query, { a: { token: 'x', viewer: { id: 'y' } } })).toBe(21);
});

test('an object costs what its type does where the answer names it, and at most what the dearest does where not', () => {
  const below =
    '... on Spa { x: hiringForms(first: 9) { nodes { id } } } ... on User { x: candidateForms(first: 9) { nodes { spa { id } } } }';
  const data = (node: object) => ({ node: { x: { nodes: times(8, { spa: { id: 'x' } }) }, ...node } });
  expect(actual(`{ node(id: "x") { t: __typename ${below} } }`, data({ t: 'Spa' }))).toBe(9);
  expect(actual(`{ node(id: "x") { t: __typename ${below} } }`, data({ t: 'User' }))).toBe(11);
  expect(actual(`{ node(id: "x") { ${below} } }`, data({}))).toBe(11);
  expect(actual(`{ node(id: "x") { t: __typename @skip(if: true) ${below} } }`, data({}))).toBe(11);
});

const HARD: [what: string, query: string][] = [
  ['fragments that spread others twice', printed.doubling(60)],
  ['fragments that lead to others by two lists', printed.doublingLists(55)],
  ['fragments that mingle', printed.mingling(40)],
  ['six hundred aliases', printed.aliases(600)],
  ['deep nesting', `{ ${'viewer { certificates { nodes { issuedBy { '.repeat(100)} id ${'} } } }'.repeat(100)} }`],
  ['a chain of fragments', printed.chained(20_000)],
  [
    'a cycle of fragments',
    '{ viewer { ...A } } fragment A on User { certificates { nodes { issuedBy { ...A } issuedBy { ...B } } } } fragment B on User { ...A }',
  ],
];

test.each(HARD)('%s cost little to weigh', (_what, query) => {
  const document = parse(query);
  // The fastest of some: the machine does other things. By itself it takes 1 to 5 ms; written out, it would take for ever.
  const took = times(5, 0).map(() => {
    const start = performance.now();
    const cost = createCostOf(schema)(document);
    cost?.estimate({ n: 50 });
    return performance.now() - start;
  });
  expect(Math.min(...took)).toBeLessThan(100);
});

test('what is too large to weigh, or has no end, is beyond any limit', () => {
  const costs = HARD.map(([what, query]) => [what, createCostOf(schema)(parse(query))?.estimate({ n: 50 }) ?? 0] as const);
  const beyond = costs.filter(([, cost]) => cost > 1e9).map(([what]) => what);
  expect(beyond).toEqual(['fragments that lead to others by two lists', 'fragments that mingle', 'a cycle of fragments']);
  expect(createCostOf(schema)(parse('{ viewer { id } }'), 'Other')).toBeUndefined();
});
