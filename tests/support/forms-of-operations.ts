// Queries of every form, and variables that fit and do not.

import { getIntrospectionQuery } from 'graphql';
import { encodeId } from '../../src/graphql/ids.ts';
import { SPA, templateFor } from './inputs.ts';

export type Body = { query: string; variables?: unknown; operationName?: unknown };

export const IDS = [SPA, encodeId('Spa', 9999), templateFor('ID_CARD'), encodeId('User', 5), encodeId('HiringForm', 1)];
const CERTIFICATE = `fragment C on Certificate { __typename id number ... on Node { id } ...L ... on IdCard { designation } }
fragment L on DailySheet { total entries { amount } }`;
export const OPERATIONS: Body[] = [
  {
    query: '{ a: spas(first: 1) { n: nodes { i: id name name } } b: spas(first: 2) { nodes { id } } a: spas(first: 1) { nodes { city } } }',
  },
  { query: `{ publicCertificates(first: 8) { nodes { ...C } edges { node { ...C } } } } ${CERTIFICATE}` },
  {
    query: `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Spa { name } ... on User { firstName } } }`,
    variables: { ids: IDS },
  },
  { query: `query ($id: ID!) { nodes(ids: [$id, "${SPA}", $id]) { id } }`, variables: { id: IDS[1] } },
  { query: 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', variables: { ids: SPA } },
  { query: 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', variables: { ids: [] } },
  { query: 'query ($id: ID!) { node(id: $id) { id } }', variables: { id: 5 } },
  { query: 'query ($id: ID!) { node(id: $id) { id } }', variables: { id: 'nonsense' } },
  {
    query: `{ spa(id: "${SPA}") { certificates(first: 2) { nodes { spa { certificates(first: 2) { nodes { spa { hiringForms(first: 2) { nodes { spa { id } } } } } } } } } } }`,
  },
  { query: '{ __typename a: __typename spas(first: 1) { __typename nodes { __typename } pageInfo { __typename } } }' },
  { query: getIntrospectionQuery() },
  {
    query:
      '{ __type(name: "Spa") { name fields(includeDeprecated: true) { name type { kind ofType { name } } } } __schema { queryType { name } } spas(first: 1) { nodes { id } } }',
  },
  { query: '{ candidateForms { nodes { id } } viewer { id } users { nodes { id } } spas(first: 1) { nodes { id } } }' },
  {
    query: `{ nodes(ids: ["${IDS.join('","')}"]) { ... on User { email role certificateCount candidateForms(first: 2) { nodes { id phoneNumber } } } } }`,
  },
  { query: '{\r\n  spas(first: 0) { nodes { id } }\r\n\tviewer { id }\n  other: spas(first: 500) {\n nodes { id } } }' },
  { query: '{ statistics { certificates { byUser(first: 0) { count } total } } spas(first: 1) { nodes { id } } }' },
  { query: '{ spas(first: 1, after: "nonsense") { nodes { id } pageInfo { endCursor } } }' },
  ...['A', 'B', 'C', '', null, 4].map((operationName) => ({
    query: 'query A { __typename } query B { spas(first: 1) { nodes { id } } }',
    operationName,
  })),
];
const SKIPPED = `query ($yes: Boolean!, $no: Boolean = false) { spas(first: 1) { nodes { id @skip(if: $yes) name @include(if: $no) city @skip(if: $no) @include(if: $yes)
  ... @include(if: $yes) { code } ... on Spa @skip(if: $yes) { state } ...F @include(if: $no) } pageInfo @skip(if: true) { endCursor } } } fragment F on Spa { version }`;
const PAGE = `query ($first: Int = 2, $filter: CertificateFilter, $category: CertificateCategory, $id: ID) {
  publicCertificates(first: $first, filter: $filter) { nodes { id category } }
  other: publicCertificates(first: 1, filter: { category: $category, spaId: $id }) { totalCount { value isExact } } }`;
const STATISTICS = 'query ($n: Int) { statistics { certificates { bySpa(first: $n) { count } byUser { count } total } } }';
const REQUIRED = 'query ($number: String!, $first: Int!) { certificate(number: $number) { id } spas(first: $first) { nodes { id } } }';
export const WITH_VARIABLES: [query: string, variables: unknown[]][] = [
  [
    SKIPPED,
    [{ yes: true }, { yes: false }, { yes: true, no: true }, { yes: null }, {}, { yes: 'true' }, { yes: 1 }, { yes: true, no: null }],
  ],
  [
    PAGE,
    [
      undefined,
      null,
      {},
      { first: null },
      { first: 3 },
      { first: 3.0 },
      { first: '3' },
      { first: 3.5 },
      { first: 2 ** 40 },
      { first: true },
      { first: [2] },
      { first: -1 },
    ],
  ],
  [
    PAGE,
    [
      { filter: {} },
      { filter: null },
      { filter: { category: 'ID_CARD' } },
      { filter: { category: 'NO' } },
      { filter: { category: null, search: null } },
      { filter: { search: 'a' } },
    ],
  ],
  [
    PAGE,
    [
      { filter: { search: 3 } },
      { filter: { nothing: 1 } },
      { filter: [] },
      { filter: [{ search: 'a' }] },
      { filter: 'x' },
      { filter: { spaId: 'x' } },
      { filter: { spaId: SPA } },
    ],
  ],
  [
    PAGE,
    [
      { filter: { generatedAfter: '2020-01-01T00:00:00Z' } },
      { filter: { generatedAfter: 'yesterday' } },
      { filter: { generatedBefore: 5 } },
      { category: 'ID_CARD' },
      { category: 'id_card' },
      { id: SPA },
      { id: 7 },
      { id: null },
    ],
  ],
  [
    PAGE,
    [
      { other: 1 },
      { first: 1, constructor: 1 },
      { filter: { constructor: 1 } },
      JSON.parse('{"__proto__":{"first":1}}'),
      JSON.parse('{"filter":{"__proto__":{"search":"a"}}}'),
      { filter: { search: 'a', category: 'NO', spaId: 'x' }, first: 'x' },
    ],
  ],
  [STATISTICS, [{}, { n: null }, { n: 2 }, { n: 0 }, { n: 'x' }]],
  [
    REQUIRED,
    [
      {},
      { number: null, first: 1 },
      { number: 'x' },
      { number: 5, first: 1 },
      { number: 'x', first: 1 },
      { number: '', first: 1 },
      { number: 'x', first: null },
    ],
  ],
];
