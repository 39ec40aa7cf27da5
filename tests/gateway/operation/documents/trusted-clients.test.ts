// The clients that frontends use, unchanged, where nothing but the manifest is run that `npm run persist` makes of their documents.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import {
  ApolloClient,
  type ApolloLink,
  gql as gql4,
  HttpLink as HttpLink4,
  InMemoryCache as InMemoryCache4,
  type TypedDocumentNode,
} from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { generatePersistedQueryIdsAtRuntime, generatePersistedQueryIdsFromManifest } from '@apollo/persisted-query-lists';
import { Client, cacheExchange, fetchExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import * as apollo3 from 'apollo-client-3/core';
import { createPersistedQueryLink } from 'apollo-client-3/link/persisted-queries';
import { expect, test } from 'vitest';
import { createLog } from '../../../../src/log.ts';
import { openPersistedDocuments } from '../../../../src/resources/persisted.ts';
import { execPersist } from '../../../support/persist-command.ts';
import { aFolder, apq, hashOf } from '../../../support/persisted.ts';
import { anApp } from '../../../support/world.ts';

const SPAS = 'query Spas($first: Int!) { spas(first: $first) { nodes { ...SpaRow } } }';
// By name, Address comes first; by use, SpaRow.
const SPA_ROW = 'fragment SpaRow on Spa { name ...Address }';
const ADDRESS = 'fragment Address on Spa { city @connection(key: "city") state }';
const DOCUMENT = [SPAS, SPA_ROW, ADDRESS.replace(/ @connection[^)]*\)/, '')].join('\n');
const variables = { first: 1 };

let written: Promise<string> | undefined;
/** The manifest of these documents, made once. */
const manifest = () => {
  written ??= (async () => {
    const folder = await aFolder({ 'spas.graphql': SPAS, 'fragments.graphql': `${ADDRESS}\n${SPA_ROW}` });
    const output = path.join(folder, 'manifest.json');
    expect(await execPersist([folder, '--output', output])).toMatchObject({ code: 0, stderr: '' });
    return await readFile(output, 'utf8');
  })();
  return written;
};

/** A gateway that runs the documents of a manifest alone, and a fetch that keeps what was sent. */
async function aTrustingApp(given?: string) {
  const text = given ?? (await manifest());
  const manifestFile = path.join(await aFolder({ 'manifest.json': text }), 'manifest.json');
  const options = { manifestFile, mode: 'only', apq: true, redisUrl: undefined, maxBytes: 1_000_000 } as const;
  const { documents } = await openPersistedDocuments(options, createLog({ level: 'silent' }));
  const app = await anApp({ isDirect: false, protection: { documents } });
  const sent: { query?: string; extensions?: { persistedQuery?: { sha256Hash: string } } }[] = [];
  const keeping: typeof fetch = (url, init) => {
    sent.push(JSON.parse(String(init?.body)));
    return fetch(url, init);
  };
  return { ...app, sent, fetch: keeping };
}

type App = Awaited<ReturnType<typeof aTrustingApp>>;
type Asked = { data?: unknown; error?: unknown };

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const fromManifest = () => generatePersistedQueryIdsFromManifest({ loadManifest: async () => JSON.parse(await manifest()) });
const atRuntime = () => generatePersistedQueryIdsAtRuntime({ sha256 });

const askByApollo3 =
  (makeLink?: () => apollo3.ApolloLink, document = DOCUMENT) =>
  async ({ url, fetch }: App): Promise<Asked> => {
    const http = new apollo3.HttpLink({ uri: url, fetch });
    const client = new apollo3.ApolloClient({ cache: new apollo3.InMemoryCache(), link: makeLink?.().concat(http) ?? http });
    return await client.query({ query: apollo3.gql(document), variables });
  };
const askByApollo4 =
  (makeLink?: () => ApolloLink, document = DOCUMENT) =>
  async ({ url, fetch }: App): Promise<Asked> => {
    const http = new HttpLink4({ uri: url, fetch });
    const client = new ApolloClient({ cache: new InMemoryCache4(), link: makeLink?.().concat(http) ?? http });
    const query: TypedDocumentNode<unknown, typeof variables> = gql4(document);
    return (await client.query({ query, variables })) as Asked;
  };
const askByUrql =
  (exchanges = [cacheExchange, fetchExchange]) =>
  async ({ url, fetch }: App): Promise<Asked> =>
    await new Client({ url, fetch, exchanges, preferGetMethod: false }).query(DOCUMENT, variables).toPromise();

/** Without a way back to the text: the hash must be known. */
const urqlPersisted = persistedExchange({ enforcePersistedQueries: true, preferGetForPersistedQueries: false });

const EXPECTED = {
  spas: { nodes: [{ name: expect.any(String), city: expect.any(String), state: expect.any(String), __typename: 'Spa' }] },
};

test.each<[string, (app: App) => Promise<Asked>, 'text' | 'hash']>([
  ['Apollo Client 3 by text', askByApollo3(), 'text'],
  ['Apollo Client 3 by a hash of its own', askByApollo3(() => createPersistedQueryLink({ sha256 })), 'hash'],
  ['Apollo Client 3 by the ids of the manifest', askByApollo3(() => createPersistedQueryLink(fromManifest())), 'hash'],
  ['Apollo Client 3 by ids made at run time', askByApollo3(() => createPersistedQueryLink(atRuntime())), 'hash'],
  ['Apollo Client 4 by text', askByApollo4(), 'text'],
  ['Apollo Client 4 by a hash of its own', askByApollo4(() => new PersistedQueryLink({ sha256 })), 'hash'],
  ['Apollo Client 4 by the ids of the manifest', askByApollo4(() => new PersistedQueryLink(fromManifest())), 'hash'],
  ['Apollo Client 4 by ids made at run time', askByApollo4(() => new PersistedQueryLink(atRuntime())), 'hash'],
  ['urql by text', askByUrql(), 'text'],
  ['urql by a hash of its own', askByUrql([cacheExchange, urqlPersisted, fetchExchange]), 'hash'],
])('%s is answered at once, with the __typename that it asks for', async (_, ask, how) => {
  const app = await aTrustingApp();
  const { data, error } = await ask(app);
  expect(error).toBeUndefined();
  expect(data).toMatchObject(EXPECTED);
  expect(app.sent.map(({ query, extensions }) => (query === undefined ? extensions?.persistedQuery && 'hash' : 'text'))).toEqual([how]);
});

test('a client whose hash is of another order of definitions sends its text once, and its hash is known from then on', async () => {
  const app = await aTrustingApp();
  const upsideDown = [ADDRESS.replace(/ @connection[^)]*\)/, ''), SPA_ROW, SPAS].join('\n');
  for (const requests of [2, 1]) {
    app.sent.length = 0;
    const { data } = await askByApollo3(() => createPersistedQueryLink({ sha256 }), upsideDown)(app);
    expect(data).toMatchObject(EXPECTED);
    expect(app.sent).toHaveLength(requests);
  }
});

test.each(['md5', 'sha1', 'sha256'])(
  'a file of texts by their %s, as Relay and graphql-codegen write it, is a manifest',
  async (algorithm) => {
    const text = 'query Spas($first: Int!) {\n  spas(first: $first) {\n    nodes {\n      name\n    }\n  }\n}';
    const id = createHash(algorithm).update(text).digest('hex');
    const { send, metrics } = await aTrustingApp(JSON.stringify({ [id]: text }));
    for (const reference of [{ documentId: id }, apq(id), apq(hashOf(text)), { query: text }]) {
      const { data } = await (await send({ ...reference, variables })).json();
      expect(data).toMatchObject({ spas: { nodes: [{ name: expect.any(String) }] } });
    }
    const { errors } = await (await send({ documentId: id.replaceAll(/./g, '0') })).json();
    expect(errors[0].extensions.code).toBe('PERSISTED_QUERY_ONLY');
    expect(await metrics.read()).toContain('operation="Spas"');
  },
);

const TRUSTED = 'query Spas($first: Int!) { spas(first: $first) { nodes { name city } totalCount { value } } }';

test('what asks for anything else than a trusted document is refused, however close it is', async () => {
  const operation = { id: hashOf(TRUSTED), name: 'Spas', type: 'query', body: TRUSTED };
  const { send } = await aTrustingApp(JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations: [operation] }));
  const code = async (body: object) => (await (await send({ variables, ...body })).json()).errors?.[0].extensions.code;
  const same = [
    TRUSTED,
    `# a comment\n${TRUSTED.replaceAll(' ', '\n , ')}`,
    TRUSTED.replaceAll(' }', ' __typename __typename }'),
    TRUSTED.replace('name', '__typename name'),
  ];
  for (const query of same) {
    expect(await code({ query }), query).toBeUndefined();
    expect(await code({ query, ...apq(operation.id) }), query).toBeUndefined();
    expect(await code(apq(hashOf(query))), query).toBeUndefined();
  }
  const others = [
    TRUSTED.replace('name', 'name phoneNumber'),
    TRUSTED.replace('city', ''),
    TRUSTED.replace('name', 'a: name'),
    TRUSTED.replace('name', 'name t: __typename'),
    TRUSTED.replace('name', 'name __typename @skip(if: true)'),
    TRUSTED.replace('name', 'name ... on Spa { __typename }'),
    TRUSTED.replace('name city', 'city name'),
    TRUSTED.replace('Spas', 'Other'),
    TRUSTED.replace('Int!', 'Int! = 100'),
    TRUSTED.replace('first: $first', 'first: 50'),
    `${TRUSTED} query Second { viewer { id } }`,
    `${TRUSTED} fragment Unused on Spa { id }`,
    TRUSTED.replace('query', 'subscription'),
    `${TRUSTED}${' __typename'.repeat(1000)}`,
    TRUSTED.replace('name', `name${' __typename'.repeat(1000)}`),
    '{'.repeat(100_000),
    ' '.repeat(900_000),
  ];
  for (const query of others) {
    expect(await code({ query }), query.slice(0, 200)).toBe('PERSISTED_QUERY_ONLY');
    expect(await code({ query, ...apq(hashOf(query)) }), query.slice(0, 200)).toBe('PERSISTED_QUERY_ONLY');
    expect(await code(apq(hashOf(query))), query.slice(0, 200)).toBe('PERSISTED_QUERY_NOT_FOUND');
    expect(await code({ query, ...apq(operation.id) }), query.slice(0, 200)).toBe('PERSISTED_QUERY_ONLY');
  }
  expect(await code({ query: TRUSTED, ...apq(hashOf('another')) })).toBe('BAD_REQUEST');
});
