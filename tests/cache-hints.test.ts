// Which answers visitors may share, by the hints of the schema alone.

import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { cacheSecondsOf } from '../src/graphql/cache-hints.ts';
import { schema } from '../src/graphql/schema.ts';
import { examples } from '../src/modules/examples.ts';

const secondsOf = (query: string, operationName?: string) => cacheSecondsOf(schema, parse(query), operationName);

test('of the examples, those for visitors are shared, each for its time', () => {
  const named = examples.map(({ query }) => [/\w+ (\w+)/.exec(query)?.[1], secondsOf(query)] as const);
  expect(Object.fromEntries(named.filter(([, seconds]) => seconds > 0))).toEqual({
    TemplateGallery: 300,
    PublicCertificates: 60,
    VerifyCertificate: 10,
    SpaDirectory: 60,
    SpaPage: 60,
    JobBoard: 60,
  });
  expect(named.length).toBeGreaterThan(18);
});

const SHARED: [query: string, seconds: number][] = [
  ['{ spas { nodes { name } } }', 60],
  ['{ spas { totalCount { value } } }', 60],
  ['{ spa(id: "x") { name } }', 60],
  ['{ template(id: "x") { name } }', 300],
  ['{ a: spas { n: nodes { x: name } } }', 60],
  ['{ templates { nodes { name html config } } }', 300],
  ['{ templates { nodes { name } } spas { nodes { id } } }', 60],
  ['{ certificate(number: "x") { number } templates { nodes { id } } }', 10],
  ['{ publicCertificates { nodes { template { name } } } }', 60],
  ['{ publicCertificates { nodes { spa { name } issuedBy { firstName } spaSnapshot { name } } } }', 60],
  ['{ node(id: "x") { id } }', 0],
  ['{ node(id: "x") { ... on CertificateTemplate { name } } }', 300],
  ['{ nodes(ids: ["x", "y"]) { ... on Spa { name } ... on CertificateTemplate { name } } }', 60],
  ['{ nodes(ids: ["x"]) { ... { ... on Certificate { ... on Invoice { items { amount } } } } } }', 60],
  ['query { ...F } fragment F on Query { ...G } fragment G on Query { spas { nodes { ...H } } } fragment H on Spa { name }', 60],
  ['{ ... { ... on Query { templates { nodes { id } } } } }', 300],
  ['{ __typename spas { __typename nodes { __typename id } } }', 60],
  ['query A { spas { nodes { id } } }', 60],
];
test.each(SHARED)('%s is shared for %i seconds', (query, seconds) => {
  expect(secondsOf(query)).toBe(seconds);
});

test.each([
  '{ viewer { id } }',
  '{ __typename }',
  '{ __schema { queryType { name } } }',
  '{ __type(name: "Spa") { name } }',
  '{ spas { nodes { id } } viewer { id } }',
  '{ spas { nodes { id } } __schema { queryType { name } } }',
  '{ spas { nodes { id } } ...V } fragment V on Query { viewer { id } }',
  '{ spas { nodes { id } } ... { v: viewer @include(if: false) { id } } }',
  '{ spas { nodes { candidateForms { nodes { id } } } } }',
  '{ spas { nodes { ... on Spa { ...C } } } } fragment C on Spa { candidateForms { totalCount { value } } }',
  '{ node(id: "x") { ... on CandidateForm { firstName } } }',
  '{ nodes(ids: []) { ... on Spa { name } ... on CandidateForm { id } } }',
  '{ publicCertificates { nodes { issuedBy { candidateForms { nodes { id } } } } } }',
  '{ candidateForms { nodes { id } } }',
  '{ certificates { nodes { id } } }',
  '{ users { nodes { id } } }',
  '{ statistics { certificates { total } } }',
  'mutation { deleteSpa(id: "x") { deletedId } }',
  'subscription { certificateIssued { id } }',
])('%s is not shared', (query) => {
  expect(secondsOf(query)).toBe(0);
});

test('each operation of a document has its own time, and without a name there is none', () => {
  const query =
    'query A { spas { nodes { id } } } query B { viewer { id } } query C { templates { nodes { id } } } mutation D { deleteSpa(id: "x") { deletedId } }';
  const document = parse(query);
  expect(['A', 'B', 'C', 'D', 'E', undefined, ''].map((name) => cacheSecondsOf(schema, document, name))).toEqual([60, 0, 300, 0, 0, 0, 0]);
});

test('documents that are not valid are not shared, and fragments that go round end', () => {
  expect(secondsOf('{ spas { nodes { ...A } } } fragment A on Spa { ...B nothing } fragment B on Spa { ...A }')).toBe(0);
  expect(secondsOf('{ nothing }')).toBe(0);
  expect(secondsOf('{ spas { nothing { id } } }')).toBe(0);
  expect(secondsOf('{ spas { nodes { ... on Nothing { id } } } }')).toBe(0);
  expect(secondsOf('fragment A on Spa { id }')).toBe(0);
  expect(secondsOf('{ ...A } fragment A on Query { ...A }')).toBe(0);
  const many = Array.from({ length: 2000 }, (_, i) => `fragment F${i} on Query { ...F${(i + 1) % 2000} ...F${(i + 7) % 2000} }`).join(' ');
  const start = performance.now();
  expect(secondsOf(`{ ...F0 } ${many}`)).toBe(0);
  expect(performance.now() - start).toBeLessThan(1000);
});
