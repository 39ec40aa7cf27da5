// Operations that are refused, each for a reason of its own, for tests of how a client hears of it.

import { createMemoryDocumentStore } from '../../src/persisted/memory-document-store.ts';
import { createPersistedDocuments } from '../../src/persisted/persisted-documents.ts';

export const WRONG_ARGUMENT = 'subscription { certificateIssued(spaId: "x") { id } }';

/** What the gateway must be given so that a hash is not known: without a store, none is supported. */
export const documentsOf = () => createPersistedDocuments({ store: createMemoryDocumentStore() });
const hash = { extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } } };

/** The code of each, and the body and headers of its request. */
export const REFUSED: [what: string, code: string, body: unknown, headers?: Record<string, string>][] = [
  ['a wrong argument', 'BAD_USER_INPUT', { query: WRONG_ARGUMENT }],
  ['a missing variable', 'BAD_USER_INPUT', { query: 'subscription ($id: ID!) { certificateIssued(spaId: $id) { id } }' }],
  ['a field that is not there', 'GRAPHQL_VALIDATION_FAILED', { query: 'subscription { nothing }' }],
  ['a field that is left out', 'GRAPHQL_VALIDATION_FAILED', { query: 'subscription { certificateIssued @skip(if: true) { id } }' }],
  [
    'a fragment that may be left out',
    'GRAPHQL_VALIDATION_FAILED',
    {
      query: 'subscription ($x: Boolean!) { ...F @include(if: $x) } fragment F on Subscription { certificateIssued { id } }',
      variables: { x: true },
    },
  ],
  ['a document that is no GraphQL', 'GRAPHQL_PARSE_FAILED', { query: 'subscription {' }],
  ['a bad token', 'UNAUTHENTICATED', { query: 'subscription { certificateIssued { id } }' }, { authorization: 'Bearer nonsense' }],
  ['a hash that is not known', 'PERSISTED_QUERY_NOT_FOUND', hash],
  [
    'too many aliases',
    'LIMIT_EXCEEDED',
    { query: `subscription { certificateIssued { ${Array.from({ length: 99 }, (_, i) => `a${i}: id`).join(' ')} } }` },
  ],
  ['no operation', 'BAD_REQUEST', {}],
  ['a body that is no JSON', 'BAD_REQUEST', '{"query":'],
  ['a query with an error', 'BAD_USER_INPUT', { query: '{ spa(id: "x") { id } }' }],
  ['a mutation that needs a token', 'UNAUTHENTICATED', { query: 'mutation { deleteSpa(id: "U3BhOjE=") { __typename } }' }],
];
