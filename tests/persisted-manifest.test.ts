import path from 'node:path';
import { expect, test } from 'vitest';
import { StartError } from '../src/errors.ts';
import { createLog } from '../src/log.ts';
import { printManifest } from '../src/persisted/manifest.ts';
import { openPersistedDocuments, type PersistedOptions } from '../src/resources/persisted.ts';
import { aFolder, apq, documentOf, hashOf, operation, refusalOf, register } from './support/persisted.ts';

const SPAS = operation('Spas');
const TEXT = documentOf(1);

const open = (options: Partial<PersistedOptions>) =>
  openPersistedDocuments(
    { manifestFile: '/nowhere/trusted-documents.json', mode: 'off', apq: false, redisUrl: undefined, maxBytes: 1_000_000, ...options },
    createLog({ level: 'silent' }),
  );

async function aManifest(text: string) {
  return path.join(await aFolder({ 'manifest.json': text }), 'manifest.json');
}

test('off reads no manifest, and a hash is what clients have registered', async () => {
  const { documents } = await open({ mode: 'off', apq: true });
  expect((await refusalOf(documents, apq(SPAS.id))).code).toBe('PERSISTED_QUERY_NOT_FOUND');
  await register(documents, TEXT);
  expect(documents.resolve(apq(hashOf(TEXT)))).toMatchObject({ query: TEXT });
  expect(documents.knownNames).toEqual([]);
  expect((await refusalOf((await open({ mode: 'off' })).documents, apq(SPAS.id))).code).toBe('PERSISTED_QUERY_NOT_SUPPORTED');
});

test('allow finds what the manifest names and runs all else, registered or not', async () => {
  const manifestFile = await aManifest(printManifest([SPAS]));
  for (const [isApq, code] of [
    [true, 'PERSISTED_QUERY_NOT_FOUND'],
    [false, 'PERSISTED_QUERY_NOT_SUPPORTED'],
  ] as const) {
    const { documents } = await open({ mode: 'allow', apq: isApq, manifestFile });
    expect(documents.resolve(apq(SPAS.id))).toMatchObject({ query: SPAS.body });
    expect(documents.resolve({ query: TEXT })).toEqual({ query: TEXT });
    expect((await refusalOf(documents, apq(hashOf(TEXT)))).code).toBe(code);
  }
});

test('only runs what the manifest has, and opens nothing that documents could be registered in', async () => {
  const manifestFile = await aManifest(printManifest([SPAS]));
  // Nobody listens there: it would fail to open.
  const { documents, close } = await open({ mode: 'only', apq: true, manifestFile, redisUrl: 'redis://127.0.0.1:1' });
  expect(documents.resolve(apq(SPAS.id))).toMatchObject({ query: SPAS.body });
  expect((await refusalOf(documents, { query: TEXT, ...apq(hashOf(TEXT)) })).code).toBe('PERSISTED_QUERY_ONLY');
  await close();
});

test('a manifest that an editor has saved with a byte order mark is read', async () => {
  const { documents } = await open({ mode: 'only', manifestFile: await aManifest(`\ufeff${printManifest([SPAS])}`) });
  expect(documents.resolve(apq(SPAS.id))).toMatchObject({ query: SPAS.body });
});

test('a manifest of Apollo’s own tools is read, whatever else it says', async () => {
  const operations = [{ ...SPAS, id: 'custom-1', clientName: null }];
  const manifestFile = await aManifest(
    JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, generatedAt: 'x', operations }),
  );
  const { documents } = await open({ mode: 'only', manifestFile });
  for (const reference of [apq('custom-1'), apq(hashOf(SPAS.body)), { documentId: 'custom-1' }])
    expect(documents.resolve(reference)).toMatchObject({ query: SPAS.body });
});

test('a manifest that cannot be used ends the start with one sentence that says what to do', async () => {
  const bad: [text: string, reason: string][] = [
    ['', 'JSON'],
    ['{', 'JSON'],
    ['null', 'the whole'],
    ['[]', 'the whole'],
    ['{}', 'format'],
    [printManifest([SPAS]).replace('apollo-', ''), 'format'],
    [printManifest([SPAS]).replace('"version": 1', '"version": 2'), 'version'],
    [printManifest([SPAS, { ...operation('Other'), body: 7 as never }]), 'operations.1.body (Other)'],
    [printManifest([{ ...SPAS, type: 'fragment' as never }]), 'operations.0.type'],
    [printManifest([SPAS, operation('Other', undefined, SPAS.id)]), `two operations have the id ${SPAS.id}`],
    [printManifest([{ ...SPAS, id: '' }]), 'operations.0.id (Spas)'],
    [printManifest([SPAS, operation('Other', 'query Other {')]), 'Other: Syntax Error'],
    ['{"abc":7}', 'abc: '],
    ['{"abc":"query {"}', 'abc: Syntax Error'],
    ['{"abc":"fragment A on Spa { id }"}', 'abc: it holds no operation'],
  ];
  for (const mode of ['allow', 'only'] as const) {
    for (const [text, reason] of bad) {
      const manifestFile = await aManifest(text);
      const error = await open({ mode, manifestFile }).catch((thrown) => thrown);
      expect(error, text).toBeInstanceOf(StartError);
      expect(error.message).toMatch(
        /^The file \S+ is no manifest of trusted documents \(.+\): write it with `npm run persist -- FOLDER`, or /,
      );
      expect(error.message).toContain(reason);
      expect(error.message).not.toContain('\n');
    }
    await expect(open({ mode })).rejects.toThrow(
      /^The manifest .* cannot be read \(ENOENT\): write it with `npm run persist -- FOLDER`, or /,
    );
  }
});

test('a Redis that does not answer ends the start with one sentence', async () => {
  const error = await open({ apq: true, redisUrl: 'redis://127.0.0.1:1' }).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(StartError);
  expect(error.message).toMatch(/^Redis does not answer \(.*\)\. Start it, check REDIS_URL, or set REDIS_ENABLED=false\.$/);
});

test('what is kept elsewhere by the id of a document is told apart by the manifest that gives the id a meaning', async () => {
  const versionOf = async (text: string) => (await open({ mode: 'allow', manifestFile: await aManifest(text) })).version;
  const versions = [
    await versionOf(printManifest([SPAS])),
    await versionOf(printManifest([SPAS, operation('Other')])),
    await versionOf(printManifest([{ ...SPAS, id: 'spas' }])),
    await versionOf(printManifest([{ ...operation('Other'), id: 'spas' }])),
    (await open({ mode: 'off' })).version,
  ];
  expect(new Set(versions).size).toBe(versions.length);
  expect(await versionOf(printManifest([SPAS]))).toBe(versions[0]);
});
