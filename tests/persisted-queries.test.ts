// Automatic persisted queries: documents that clients register.

import { expect, test } from 'vitest';
import type { DocumentStore } from '../src/persisted/document-store.ts';
import { createMemoryDocumentStore } from '../src/persisted/memory-document-store.ts';
import { createPersistedDocuments } from '../src/persisted/persisted-documents.ts';
import { createTrustedDocuments } from '../src/persisted/trusted-documents.ts';
import { apq, documentOf, hashOf, operation, refusalOf, register } from './support/persisted.ts';
import { anApp } from './support/world.ts';

const SPAS = operation('Spas');
const trusted = createTrustedDocuments([SPAS]);
const UNKNOWN = hashOf('something else');
const TEXT = documentOf(1);

/** A store that writes down what it is asked. */
function aWatchedStore() {
  const calls: string[] = [];
  const memory = createMemoryDocumentStore();
  const store: DocumentStore = {
    get(hash) {
      calls.push('get');
      return memory.get(hash);
    },
    set(hash, text) {
      calls.push('set');
      memory.set(hash, text);
    },
  };
  return { store, calls };
}

test('a document of a client is asked for once, kept when it has proved valid, and then found by its hash', async () => {
  const documents = createPersistedDocuments({ trusted, store: createMemoryDocumentStore() });
  const NOT_FOUND = { code: 'PERSISTED_QUERY_NOT_FOUND', status: 200, message: 'PersistedQueryNotFound' };
  expect(await refusalOf(documents, apq(hashOf(TEXT)))).toEqual(NOT_FOUND);
  const resolved = await documents.resolve({ query: TEXT, ...apq(hashOf(TEXT)) });
  expect(resolved.query).toBe(TEXT);
  expect(await refusalOf(documents, apq(hashOf(TEXT)))).toEqual(NOT_FOUND);
  documents.accepted(resolved);
  for (const reference of [apq(hashOf(TEXT)), { documentId: `sha256:${hashOf(TEXT)}` }])
    expect(documents.resolve({ ...reference, operationName: 'Q1' })).toMatchObject({ query: TEXT, operationName: 'Q1' });
  expect(await refusalOf(documents, { documentId: 'unknown' })).toEqual(NOT_FOUND);
});

test('a document of a client is registered by a documentId too, which is gone when its text is there', async () => {
  const documents = createPersistedDocuments({ store: createMemoryDocumentStore() });
  const documentId = `sha256:${hashOf(TEXT)}`;
  const resolved = await documents.resolve({ query: TEXT, documentId });
  expect(resolved).toEqual({ query: TEXT });
  documents.accepted(resolved);
  expect(documents.resolve({ documentId, variables: {} })).toEqual({ query: TEXT, variables: {} });
});

test('a document of a client is refused under a hash that is not its own, and not kept', async () => {
  const { store, calls } = aWatchedStore();
  const documents = createPersistedDocuments({ store });
  // A lone surrogate is hashed as U+FFFD is.
  const [innocent, forged] = ['{ me(id: "\ufffd") }', '{ me(id: "\ud800") }'];
  expect(hashOf(forged)).toBe(hashOf(innocent));
  for (const [query, hash] of [
    [TEXT, UNKNOWN],
    [`${TEXT} `, hashOf(TEXT)],
    [forged, hashOf(innocent)],
  ] as const) {
    const params = { query, ...apq(hash) };
    expect(await refusalOf(documents, params)).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('hash') });
    documents.accepted(params);
  }
  expect(calls).toEqual([]);
  await register(documents, innocent);
  expect(documents.resolve(apq(hashOf(innocent)))).toMatchObject({ query: innocent });
});

test('a document of a client costs the store nothing when it comes as a text, one read as a hash, and one write when it is accepted', async () => {
  const { store, calls } = aWatchedStore();
  const documents = createPersistedDocuments({ trusted, store });
  for (let i = 0; i < 10; i++) {
    const plain = documents.resolve({ query: TEXT });
    documents.accepted(plain);
    documents.accepted(await documents.resolve(apq(SPAS.id)));
    documents.accepted(await documents.resolve({ query: SPAS.body, ...apq(SPAS.id) }));
  }
  documents.accepted({ query: TEXT, ...apq(hashOf(TEXT)) });
  expect(calls).toEqual([]);
  await register(documents, TEXT);
  expect(calls).toEqual(['set']);
  const known = await documents.resolve(apq(hashOf(TEXT)));
  documents.accepted(known);
  expect(calls).toEqual(['set', 'get']);
});

test('a document of a client is kept as it was checked, whatever is made of the parameters meanwhile', async () => {
  const documents = createPersistedDocuments({ store: createMemoryDocumentStore() });
  const resolved = await documents.resolve({ query: TEXT, ...apq(hashOf(TEXT)) });
  resolved.query = '{ forged }';
  documents.accepted(resolved);
  expect(documents.resolve(apq(hashOf(TEXT)))).toMatchObject({ query: TEXT });
});

test('a document of a client is run and not kept when it is longer than may be, by bytes', async () => {
  const documents = createPersistedDocuments({ store: createMemoryDocumentStore(), maxDocumentBytes: 100 });
  const texts = [documentOf(1, 100), documentOf(2, 101), `{ me(id: "${'न'.repeat(30)}") }`];
  for (const text of texts) await register(documents, text);
  expect(texts.map((text) => text.length)).toEqual([100, 101, 44]);
  expect(documents.resolve(apq(hashOf(texts[0] as string)))).toMatchObject({ query: texts[0] });
  for (const text of texts.slice(1)) expect((await refusalOf(documents, apq(hashOf(text)))).code).toBe('PERSISTED_QUERY_NOT_FOUND');
});

test('a document of a client is simply run where none are kept, under whatever hash, and its hash alone is not supported', async () => {
  const documents = createPersistedDocuments({ trusted });
  for (const reference of [apq(hashOf(TEXT)), apq(UNKNOWN), { documentId: 'unknown' }]) {
    expect(documents.resolve({ query: TEXT, ...reference })).toMatchObject({ query: TEXT });
    expect(await refusalOf(documents, reference)).toEqual({
      code: 'PERSISTED_QUERY_NOT_SUPPORTED',
      status: 200,
      message: 'PersistedQueryNotSupported',
    });
  }
  expect(await refusalOf(documents, { query: 7, ...apq(UNKNOWN) } as never)).toMatchObject({ code: 'BAD_REQUEST' });
});

test('a document is found by GET whatever words are in it, and runs as what it is', async () => {
  const documents = createPersistedDocuments({ store: createMemoryDocumentStore() });
  const { url, statements } = await anApp({ protection: { documents } });
  const TEXTS = {
    'a query': 'query Q { __typename }',
    'a query with the words': 'query Q { __typename } # mutation subscription',
    'a query with the words for names': 'query mutation { subscription: __typename }',
    'a mutation': 'mutation { deleteSpa(id: "U3BhOjE=") { deletedId } }',
    'a subscription': 'subscription { certificateIssued { id } }',
  };
  for (const text of Object.values(TEXTS)) await register(documents, text);
  const get = async (name: keyof typeof TEXTS, accept = 'application/json') => {
    const gone = new AbortController();
    const search = new URLSearchParams({ documentId: `sha256:${hashOf(TEXTS[name])}` });
    const response = await fetch(`${url}?${search}`, { headers: { accept }, signal: gone.signal });
    const type = response.headers.get('content-type')?.split(';')[0];
    if (type === 'text/event-stream') gone.abort();
    else return { status: response.status, ...(await response.json()) };
    return { status: response.status, type };
  };
  expect(await get('a query')).toMatchObject({ status: 200, data: { __typename: 'Query' } });
  expect(await get('a query with the words')).toMatchObject({ status: 200, data: { __typename: 'Query' } });
  expect(await get('a query with the words for names')).toMatchObject({ status: 200, data: { subscription: 'Query' } });
  expect(await statements.during(async () => expect(await get('a mutation')).toMatchObject({ status: 405 }))).toEqual([]);
  expect(await get('a subscription', 'text/event-stream')).toEqual({ status: 200, type: 'text/event-stream' });
});
