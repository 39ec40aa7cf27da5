import { describe, expect, test } from 'vitest';
import { createMemoryDocumentStore } from '../src/persisted/memory-document-store.ts';
import { createPersistedDocuments } from '../src/persisted/persisted-documents.ts';
import { createTrustedDocuments } from '../src/persisted/trusted-documents.ts';
import { apq, documentOf, hashOf, operation, refusalOf } from './support/persisted.ts';

const SPAS = operation('Spas');
const ME = operation('Me', 'query Me {\n  me {\n    id\n  }\n}', 'me-of-relay');
const trusted = createTrustedDocuments([SPAS, ME]);
const UNKNOWN = hashOf('something else');
const TEXT = documentOf(1);

const modes = {
  'without anything': () => createPersistedDocuments({}),
  'with a store': () => createPersistedDocuments({ store: createMemoryDocumentStore() }),
  'with a manifest': () => createPersistedDocuments({ trusted }),
  'with both': () => createPersistedDocuments({ trusted, store: createMemoryDocumentStore() }),
  'with nothing but the manifest': () => createPersistedDocuments({ trusted, onlyTrusted: true }),
};

const modesThat = (holds: (name: string) => boolean) => Object.entries(modes).filter(([name]) => holds(name));

describe.each(modesThat((name) => name !== 'with nothing but the manifest'))('%s', (_, create) => {
  test('a plain text comes back as the same object at once', () => {
    for (const more of [
      {},
      { extensions: {} },
      { extensions: null },
      { documentId: null },
      { extensions: { persistedQuery: null, other: 1 } },
    ]) {
      const params = { query: TEXT, variables: { id: 1 }, ...more };
      expect(create().resolve(params)).toBe(params);
    }
  });
});

describe.each(Object.entries(modes))('%s', (_, create) => {
  test('what is not well formed is refused with a sentence that says what is', async () => {
    const documents = create();
    for (const persistedQuery of ['text', 7, true, [], [1]])
      expect(await refusalOf(documents, { query: SPAS.body, extensions: { persistedQuery } })).toMatchObject({
        code: 'BAD_REQUEST',
        message: expect.stringContaining('must be an object'),
      });
    for (const version of [0, 2, '1', null, undefined, {}])
      expect(
        await refusalOf(documents, { query: SPAS.body, extensions: { persistedQuery: { version, sha256Hash: SPAS.id } } }),
      ).toMatchObject({
        code: 'BAD_REQUEST',
        message: expect.stringContaining('version'),
      });
    const noHashes = [
      '',
      'abc',
      SPAS.id.slice(1),
      `${SPAS.id}0`,
      `${SPAS.id}\n`,
      `g${SPAS.id.slice(1)}`,
      `sha256:${SPAS.id}0`,
      7,
      null,
      undefined,
      {},
      [SPAS.id],
    ];
    for (const sha256Hash of [...noHashes, '__proto__', 'constructor', 'toString'])
      expect(await refusalOf(documents, { query: SPAS.body, ...apq(sha256Hash) }), String(sha256Hash)).toMatchObject({
        code: 'BAD_REQUEST',
        status: 400,
        message: expect.stringContaining('64 hexadecimal digits'),
      });
    for (const documentId of ['', 7, {}, [SPAS.id], true, 'sha256:', 'sha256:abc', `sha256:${SPAS.id}0`])
      expect(await refusalOf(documents, { query: SPAS.body, documentId }), String(documentId)).toMatchObject({
        code: 'BAD_REQUEST',
        message: expect.stringContaining('documentId'),
      });
    expect(await refusalOf(documents, { documentId: `sha256:${UNKNOWN}`, ...apq(SPAS.id) })).toMatchObject({
      code: 'BAD_REQUEST',
      message: expect.stringContaining('different documents'),
    });
  });

  test('names of the language are ids like others', async () => {
    for (const documentId of ['__proto__', 'constructor', 'toString', 'hasOwnProperty'])
      expect((await refusalOf(create(), { documentId })).code, documentId).toMatch(/^PERSISTED_QUERY_(ONLY|NOT_FOUND|NOT_SUPPORTED)$/);
  });
});

describe.each(modesThat((name) => /manifest|both/.test(name)))('%s', (_, create) => {
  test('a document of the manifest is found by its id and by its hash', async () => {
    const documents = create();
    for (const { id, body } of [SPAS, ME]) {
      const hash = hashOf(body);
      const names = [
        apq(id),
        apq(hash),
        apq(hash.toUpperCase()),
        { documentId: id },
        { documentId: hash },
        { documentId: `sha256:${hash}` },
      ];
      for (const reference of [...names, { documentId: `sha256:${hash}`, ...apq(hash) }]) {
        expect((await documents.resolve({ ...reference, variables: { id: 1 } })) satisfies object).toMatchObject({
          query: body,
          variables: { id: 1 },
        });
        expect(await documents.resolve({ ...reference, query: body })).toMatchObject({ query: body });
        expect(await documents.resolve({ ...reference, query: '' })).toMatchObject({ query: body });
      }
    }
    expect(documents.knownNames).toEqual(['Spas', 'Me']);
    expect([SPAS.body, ME.body, `${ME.body} `, TEXT, '__proto__'].map(documents.nameOf)).toEqual([
      'Spas',
      'Me',
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('where only the manifest is run', () => {
  const documents = createPersistedDocuments({ trusted, onlyTrusted: true, store: createMemoryDocumentStore() });

  test('a text is run when it is one of the manifest, whatever white space is in it', async () => {
    for (const query of [SPAS.body, `${SPAS.body}\n`, SPAS.body.replaceAll('\n', ' ')]) {
      const params = { query };
      expect(documents.resolve(params)).toBe(params);
      expect(documents.nameOf(query)).toBe('Spas');
    }
    const others = [TEXT, '', SPAS.body.toUpperCase(), 'query Spas {', SPAS.body.replace('Spas', 'Spa')];
    for (const query of others)
      expect(await refusalOf(documents, { query })).toEqual({
        code: 'PERSISTED_QUERY_ONLY',
        status: 403,
        message: expect.stringContaining('manifest'),
      });
    for (const query of [undefined, null, 7, [SPAS.body]])
      expect(await refusalOf(documents, { query } as never)).toMatchObject({ status: 403 });
  });

  test('an unknown hash makes a client send its text, which is judged then, and none is registered', async () => {
    for (const reference of [apq(UNKNOWN), { documentId: `sha256:${UNKNOWN}` }, { documentId: 'unknown' }]) {
      const code = 'documentId' in reference && reference.documentId === 'unknown' ? 'PERSISTED_QUERY_ONLY' : 'PERSISTED_QUERY_NOT_FOUND';
      expect(await refusalOf(documents, reference)).toMatchObject({ code });
      expect(await refusalOf(documents, { ...reference, query: 'something else' })).toMatchObject({ code: 'PERSISTED_QUERY_ONLY' });
    }
    expect(await refusalOf(documents, { query: TEXT, ...apq(SPAS.id) })).toMatchObject({ code: 'PERSISTED_QUERY_ONLY' });
    expect(await refusalOf(documents, { query: ME.body, ...apq(SPAS.id) })).toMatchObject({ code: 'BAD_REQUEST' });
    expect(await refusalOf(documents, apq(hashOf(TEXT)))).toMatchObject({ code: 'PERSISTED_QUERY_NOT_FOUND' });
  });
});
