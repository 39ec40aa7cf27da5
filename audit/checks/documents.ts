// Documents that are known by their hash: those of a manifest alone, and those that clients register.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Gateway } from '../../harness/gateway.ts';
import type { Verdict } from '../../harness/verdict.ts';
import { ask, at, told } from '../ask.ts';
import { type AuditContext, type Check, OPEN } from '../check.ts';
import { type Answer, send } from '../client.ts';

const PERSIST = path.resolve(import.meta.dirname, '../../scripts/persist.ts');
const SPAS = 'query Spas {\n  spas(first: 1) {\n    nodes {\n      id\n    }\n  }\n}';

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
const persisted = (sha256Hash: string) => ({ persistedQuery: { version: 1, sha256Hash } });
const hasRows = ({ json }: Answer) => at(json, 'data.spas.nodes.0.id') !== undefined;

const manifests = new WeakMap<AuditContext, Promise<{ id: string; body: string; gateway: Gateway }>>();

/** A gateway that runs nothing but one operation, with the manifest that `npm run persist` makes of it. */
const trusting = (ctx: AuditContext) =>
  manifests.getOrInsertComputed(ctx, async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'convoy-audit-documents-'));
    try {
      const output = path.join(folder, 'manifest.json');
      await writeFile(path.join(folder, 'spas.graphql'), SPAS);
      await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', PERSIST, folder, '--output', output]);
      const [operation] = JSON.parse(await readFile(output, 'utf8')).operations as { id: string; body: string }[];
      if (!operation) throw new Error('the manifest is empty');
      const settings = { RATE_LIMIT_ENABLED: 'false', TRUSTED_DOCUMENTS: 'only', TRUSTED_DOCUMENTS_FILE: output, INTROSPECTION: 'true' };
      return { ...operation, gateway: await ctx.gateway(settings) };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

type Case = { name: string; tried: string; expected: string; run: (ctx: AuditContext) => Promise<Verdict> };

/** Free text, as a stranger sends it where a manifest is all that runs. */
const refusedText = (name: string, tried: string, query: string): Case => ({
  name,
  tried,
  expected: '403 PERSISTED_QUERY_ONLY',
  run: async (ctx) => {
    const answer = await ask((await trusting(ctx)).gateway, { query });
    return { happened: told(answer), holds: told(answer) === '403 PERSISTED_QUERY_ONLY' };
  },
});

const cases: readonly Case[] = [
  {
    name: 'a hash of the manifest',
    tried: 'the hash alone, as persistedQuery and as documentId, and the exact text, where nothing else is run',
    expected: 'all three are answered',
    run: async (ctx) => {
      const { gateway, id, body } = await trusting(ctx);
      const byId = await send(gateway, { body: JSON.stringify({ documentId: `sha256:${id}` }) });
      const answers = [await ask(gateway, { extensions: persisted(id) }), byId, await ask(gateway, { query: body })];
      return { happened: answers.map(told).join(', '), holds: answers.every(hasRows) };
    },
  },
  refusedText('free text', 'another query, where nothing but the manifest is run', '{ spas(first: 1) { nodes { id name } } }'),
  {
    name: 'the same as a client prints it',
    tried: 'the text of the manifest in one line, and with more of __typename, where nothing else is run',
    expected: 'both are answered',
    run: async (ctx) => {
      const { gateway } = await trusting(ctx);
      const queries = [SPAS.replaceAll(/\s+/g, ' '), SPAS.replace('id', 'id __typename')];
      const answers = [];
      for (const query of queries) answers.push(await ask(gateway, { query }));
      return { happened: answers.map(told).join(', '), holds: answers.every(hasRows) };
    },
  },
  refusedText('a field more', 'the text of the manifest with another field', SPAS.replace('id', 'id name')),
  refusedText('__typename by another name', 'the text of the manifest with an alias of __typename', SPAS.replace('id', 'id a: __typename')),
  refusedText('a fragment more', 'the text of the manifest with a fragment behind it', `${SPAS} fragment A on Spa { id }`),
  refusedText(
    'much __typename',
    'the text of the manifest with 2,000 times __typename',
    SPAS.replace('id', `id ${'__typename '.repeat(2000)}`),
  ),
  refusedText('introspection', '__schema, where nothing but the manifest is run', '{ __schema { queryType { name } } }'),
  refusedText('nothing at all', 'an empty text', ''),
  {
    name: 'free text behind a hash of the manifest',
    tried: 'a known hash, with the text of another operation',
    expected: '403 PERSISTED_QUERY_ONLY',
    run: async (ctx) => {
      const { gateway, id } = await trusting(ctx);
      const answer = await ask(gateway, { query: '{ viewer { id } }', extensions: persisted(id) });
      return { happened: told(answer), holds: told(answer) === '403 PERSISTED_QUERY_ONLY' };
    },
  },
  {
    name: 'registering where only the manifest is run',
    tried: 'another text with its right hash, and then the hash alone',
    expected: 'PERSISTED_QUERY_ONLY, and then the hash is not known',
    run: async (ctx) => {
      const { gateway } = await trusting(ctx);
      const query = '{ viewer { id } }';
      const answers = [
        await ask(gateway, { query, extensions: persisted(hashOf(query)) }),
        await ask(gateway, { extensions: persisted(hashOf(query)) }),
      ];
      const codes = answers.map(({ errors }) => errors[0]?.extensions?.code);
      return { happened: answers.map(told).join(', '), holds: codes.join() === 'PERSISTED_QUERY_ONLY,PERSISTED_QUERY_NOT_FOUND' };
    },
  },
  {
    name: 'registering by hash',
    tried: 'a hash that nobody knows, the text with it, and the hash again',
    expected: '200 PersistedQueryNotFound, then answered twice',
    run: async (ctx) => {
      const gateway = await ctx.gateway(OPEN);
      const extensions = persisted(hashOf(SPAS));
      const unknown = await ask(gateway, { extensions });
      const answers = [await ask(gateway, { query: SPAS, extensions }), await ask(gateway, { extensions })];
      const [first] = unknown.errors;
      return {
        happened: [unknown, ...answers].map(told).join(', '),
        holds: told(unknown) === '200 PERSISTED_QUERY_NOT_FOUND' && first?.message === 'PersistedQueryNotFound' && answers.every(hasRows),
      };
    },
  },
  {
    name: 'registering under the hash of another text',
    tried: 'a text with the hash of another one, and then that hash alone',
    expected: '400 BAD_REQUEST, then not found: nothing was kept',
    run: async (ctx) => {
      const gateway = await ctx.gateway(OPEN);
      const extensions = persisted(hashOf('{ viewer { username } }'));
      const answers = [await ask(gateway, { query: SPAS, extensions }), await ask(gateway, { extensions })];
      const happened = answers.map(told).join(', ');
      return { happened, holds: happened === '400 BAD_REQUEST, 200 PERSISTED_QUERY_NOT_FOUND' };
    },
  },
  {
    name: 'registering what is not valid',
    tried: 'a document that does not fit the schema with its right hash, and then the hash alone',
    expected: 'refused, then not found: nothing was kept',
    run: async (ctx) => {
      const gateway = await ctx.gateway(OPEN);
      const query = '{ nothing }';
      const extensions = persisted(hashOf(query));
      const answers = [await ask(gateway, { query, extensions }), await ask(gateway, { extensions })];
      const happened = answers.map(told).join(', ');
      return { happened, holds: happened === '400 GRAPHQL_VALIDATION_FAILED, 200 PERSISTED_QUERY_NOT_FOUND' };
    },
  },
];

export const documents: readonly Check[] = cases.map((one) => ({ ...one, name: `documents: ${one.name}` }));
