// npm run persist, as a process: from a frontend's files to the manifest that the gateway reads.

import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { createLog } from '../src/log.ts';
import { openPersistedDocuments } from '../src/resources/persisted.ts';
import { execPersist } from './support/persist-command.ts';
import { aFolder, apq, hashOf, refusalOf } from './support/persisted.ts';

const operationsOf = async (file: string) => JSON.parse(await readFile(file, 'utf8')).operations;

const GOOD = {
  'spas.graphql': `# ${'#'.repeat(60)}
    query Spas($first: Int = 3) { spas(first: $first) { nodes { ...SpaRow } } }
    query SpaNames { spas { nodes { name } } }`,
  'fragments.gql': 'fragment SpaRow on Spa { id ...Address }\nfragment Address on Spa { city state }\nfragment Unused on Spa { logo }',
  'me.graphql': 'query Me { viewer { id } }\nmutation SignIn($input: SignInInput!) { signIn(input: $input) { __typename } }',
  'types.graphql': 'directive @client on FIELD\nextend type Query { isLoggedIn: Boolean }',
  'empty.graphql': `\ufeff#${'#'.repeat(60)}\n# Nothing yet, "really".\n , \n`,
  'notes.txt': 'This is no GraphQL {',
};

test('it writes each operation with exactly the fragments that it uses, sorted, and the gateway finds them', async () => {
  const folder = await aFolder(GOOD);
  await mkdir(path.join(folder, 'deep/er/node_modules'), { recursive: true });
  await mkdir(path.join(folder, '.hidden'));
  await writeFile(path.join(folder, 'deep/er/job-board.graphql'), 'subscription Issued { certificateIssued { id } }');
  for (const ignored of ['deep/er/node_modules/x.graphql', '.hidden/x.graphql']) await writeFile(path.join(folder, ignored), 'query {');
  await symlink(folder, path.join(folder, 'deep/round'));
  const manifestFile = path.join(folder, 'manifest.json');
  const { code, stdout, stderr } = await execPersist([folder, path.join(folder, 'deep'), '--output', manifestFile]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });

  const operations = await operationsOf(manifestFile);
  expect(Object.keys(JSON.parse(await readFile(manifestFile, 'utf8')))).toEqual(['format', 'version', 'operations']);
  expect(operations.map(({ name, type }: { name: string; type: string }) => `${type} ${name}`)).toEqual([
    'subscription Issued',
    'query Me',
    'mutation SignIn',
    'query SpaNames',
    'query Spas',
  ]);
  const spas = operations.at(-1);
  expect(spas.body.match(/fragment \w+/g)).toEqual(['fragment Address', 'fragment SpaRow']);
  expect(operations[3].body).toBe('query SpaNames {\n  spas {\n    nodes {\n      name\n      __typename\n    }\n    __typename\n  }\n}');
  for (const { id, body } of operations) expect(id).toBe(hashOf(body));
  for (const { id, name, type } of operations) expect(stdout).toMatch(new RegExp(`^${name} +${type} +${id.slice(0, 12)}$`, 'm'));
  expect(stdout.split('\n').at(-2)).toBe(`Wrote 5 operations to ${manifestFile}.`);

  const options = { manifestFile, mode: 'only', apq: true, redisUrl: undefined, maxBytes: 1_000_000 } as const;
  const { documents, close } = await openPersistedDocuments(options, createLog({ level: 'silent' }));
  for (const { id, name, body } of operations) {
    expect(documents.resolve(apq(id))).toMatchObject({ query: body });
    expect(documents.resolve({ documentId: `sha256:${id}` })).toEqual({ query: body });
    expect(documents.resolve({ query: body })).toEqual({ query: body });
    expect(documents.nameOf(body)).toBe(name);
  }
  expect(documents.knownNames).toEqual(['Issued', 'Me', 'SignIn', 'SpaNames', 'Spas']);
  expect(await refusalOf(documents, { query: 'query SpaNames { spas { nodes { name city } } }' })).toMatchObject({
    code: 'PERSISTED_QUERY_ONLY',
  });
  await close();
});

test('everything that is wrong is said at once, each with its file, line and column, and nothing is written', async () => {
  const folder = await aFolder({
    ...GOOD,
    'syntax.graphql': 'query Broken {\n  viewer {\n',
    'anonymous.gql': '\n  { viewer { id } }\nmutation { __typename }',
    'twice.graphql': 'query Me { viewer { id } }\nfragment SpaRow on Spa { id }',
  });
  const output = path.join(folder, 'manifest.json');
  const { code, stdout, stderr } = await execPersist(['.', '--output', output], folder);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr.trim().split('\n')).toEqual([
    expect.stringMatching(/^syntax\.graphql:3:1: Syntax Error: /),
    'anonymous.gql:2:3: The operation has no name: give it one.',
    'anonymous.gql:3:1: The operation has no name: give it one.',
    'twice.graphql:1:1: There is another operation named Me, at me.graphql:1:1: rename one.',
    'twice.graphql:2:1: There is another fragment named SpaRow, at fragments.gql:1:1: rename one.',
    'Correct this: nothing was written.',
  ]);
  expect(await readdir(folder)).not.toContain('manifest.json');
});

test('documents that do not fit the schema are refused, once each, where they stand', async () => {
  const folder = await aFolder({
    'a.graphql': 'query A { spas { nodes { ...Row } } }\nquery B($first: Int) { spas { nodes { ...Row ...Missing } } }',
    'b.graphql': 'fragment Row on Spa {\n  id\n  wrong\n  ...Round\n}\nfragment Round on Spa { ...Row }',
    'c.graphql': 'subscription C($x: Boolean!) { certificateIssued @include(if: $x) { id } }',
  });
  await writeFile(path.join(folder, 'manifest.json'), 'as it was');
  const { code, stderr } = await execPersist(['.', '--output', 'manifest.json'], folder);
  expect(code).toBe(1);
  expect(stderr.trim().split('\n').sort()).toEqual([
    'Correct this: nothing was written.',
    'a.graphql:2:49: Unknown fragment "Missing".',
    'a.graphql:2:9: Variable "$first" is never used in operation "B".',
    'b.graphql:3:3: Cannot query field "wrong" on type "Spa".',
    'b.graphql:6:25: Cannot spread fragment "Round" within itself via "Row".',
    'c.graphql:1:50: The field of a subscription cannot be left out by @skip or @include.',
  ]);
  expect(await readFile(path.join(folder, 'manifest.json'), 'utf8')).toBe('as it was');
});

test('--check writes nothing, and fails when the manifest is not what would be written', async () => {
  const folder = await aFolder(GOOD);
  const output = path.join(folder, 'manifest.json');
  const args = ['.', '--output', 'manifest.json'];
  const check = () => execPersist([...args, '--check'], folder);
  const advice = 'manifest.json is not up to date: write it with `npm run persist -- . --output manifest.json`.\n';
  expect(await check()).toEqual({ code: 1, stdout: '', stderr: advice });
  expect(await readdir(folder)).not.toContain('manifest.json');
  await execPersist(args, folder);
  const written = await readFile(output, 'utf8');
  expect(await check()).toEqual({ code: 0, stdout: 'manifest.json is up to date.\n', stderr: '' });
  await writeFile(path.join(folder, 'me.graphql'), 'query Me { viewer { id username } }\nquery Who { viewer { id } }');
  expect(await check()).toEqual({ code: 1, stdout: '', stderr: `Me: is different now\nSignIn: is gone\nWho: is new\n${advice}` });
  expect(await readFile(output, 'utf8')).toBe(written);
  await writeFile(output, 'no manifest');
  expect(await check()).toEqual({ code: 1, stdout: '', stderr: advice });
});

test.each([
  ['no folder', []],
  ['an option that does not exist', ['.', '--force']],
  ['an option without its value', ['.', '--output']],
  ['an empty name', ['']],
  ['a folder that does not exist', ['nowhere']],
])('%s is answered with the usage', async (_, args) => {
  const { code, stdout, stderr } = await execPersist(args, await aFolder(GOOD));
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr.trim()).toMatch(/^[^\n]*the usage is: npm run persist -- FOLDER \[FOLDER…\] \[--output FILE\] \[--check\]$/);
});

test('a folder without operations, and a place that cannot be written, are said in a sentence', async () => {
  const folder = await aFolder({ 'fragments.gql': GOOD['fragments.gql'], 'empty.graphql': GOOD['empty.graphql'] });
  const none = await execPersist(['.', '--output', 'manifest.json'], folder);
  expect(none).toEqual({ code: 1, stdout: '', stderr: 'There is no operation in the .graphql and .gql files of ..\n' });
  await writeFile(path.join(folder, 'me.graphql'), GOOD['me.graphql']);
  const nowhere = await execPersist(['.', '--output', 'nowhere/manifest.json'], folder);
  expect(nowhere).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^The file \S+ cannot be written \(ENOENT\): .*\.\n$/),
  });
});
