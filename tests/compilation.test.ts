// What is compiled, and when: queries that come back, once each.

import { compileQuery } from 'graphql-jit';
import { beforeEach, expect, test, vi } from 'vitest';
import { createDocumentCache } from '../src/graphql/document-cache.ts';
import { turns } from './support/batching.ts';
import { mutation, SPA } from './support/inputs.ts';
import { anApp } from './support/world.ts';

vi.mock('graphql-jit', async (original) => {
  const real = await original<typeof import('graphql-jit')>();
  return { ...real, compileQuery: vi.fn(real.compileQuery) };
});
const compile = vi.mocked(compileQuery);
beforeEach(() => void compile.mockClear());

/** As it is served: a query is compiled when it has come three times. */
const asServed = { compileAfter: 3 };

test('a query is compiled when it comes for the fourth time, once, and has the same answer as before', async () => {
  const { ask } = await anApp(asServed);
  const answers: unknown[] = [];
  const counts: number[] = [];
  for (let round = 0; round < 8; round++) {
    answers.push((await ask('{ spas(first: 2) { nodes { id name } pageInfo { endCursor } } }')).data);
    await turns();
    counts.push(compile.mock.calls.length);
  }
  expect(counts).toEqual([0, 0, 0, 1, 1, 1, 1, 1]);
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
});

test('queries that never come back are never compiled', async () => {
  const { ask } = await anApp(asServed);
  for (let round = 0; round < 30; round++) await ask(`{ spas(first: ${(round % 20) + 1}) { nodes { id name a${round}: city } } }`);
  await turns();
  expect(compile).not.toHaveBeenCalled();
});

test('variables make no other query; another operation of the document is another one', async () => {
  const { ask, send } = await anApp(asServed);
  for (let first = 1; first <= 5; first++) await ask('query ($first: Int) { spas(first: $first) { nodes { id } } }', { first });
  await turns();
  expect(compile).toHaveBeenCalledTimes(1);
  const query = 'query A { __typename } query B { spas(first: 1) { nodes { id } } }';
  for (const operationName of ['A', 'A', 'B', 'A', 'B', 'A']) await send({ query, operationName });
  await turns();
  expect(compile.mock.calls.map(([, , name]) => name)).toEqual([undefined, 'A']);
});

test.each([
  ['a mutation', mutation('saveSpa', '__typename')],
  ['what is not valid', '{ nothing }'],
  ['what cannot be parsed', '{ spas('],
  ['what may be deferred', '{ spas(first: 1) { nodes { ... @defer { id } } } }'],
])('%s is never compiled', async (_, query) => {
  const { ask } = await anApp({ ...asServed, compileAfter: 0 });
  for (let round = 0; round < 6; round++) await ask(query, { input: { id: SPA, version: 999 } }, { as: 'ADMIN' });
  await turns();
  expect(compile).not.toHaveBeenCalled();
});

test('a query that the compiler cannot take runs as ever, and is tried once', async () => {
  const { ask } = await anApp({ compileAfter: 0 });
  compile.mockImplementationOnce(() => ({ errors: [] }));
  for (let round = 0; round < 4; round++)
    expect((await ask('{ spas(first: 1) { nodes { id version } } }')).data.spas.nodes).toHaveLength(1);
  expect(compile).toHaveBeenCalledTimes(1);
});

test('a compiler that throws fails no request', async () => {
  for (const compileAfter of [0, 3]) {
    compile.mockClear();
    const { ask } = await anApp({ compileAfter });
    compile.mockImplementationOnce(() => {
      throw new Error('The compiler has a bug.');
    });
    for (let round = 0; round < 6; round++) {
      const { data, errors } = await ask('{ spas(first: 1) { nodes { id code } } }');
      expect([errors, data?.spas.nodes.length]).toEqual([undefined, 1]);
      await turns();
    }
    expect(compile).toHaveBeenCalledTimes(1);
  }
});

test('documents are remembered up to a number of bytes, and those that were not used for long go first', () => {
  const { documentCache, errorCache } = createDocumentCache({ maxBytes: 160_000 });
  const document = { kind: 'Document', definitions: [] } as never;
  const text = (i: number) => `{ a${i} }`.padEnd(100);
  for (let i = 0; i < 100; i++) {
    documentCache.set(text(i), document);
    documentCache.get(text(0));
  }
  expect(documentCache.calculatedSize).toBeLessThanOrEqual(160_000);
  expect(documentCache.size).toBeGreaterThan(20);
  expect([documentCache.has(text(0)), documentCache.has(text(1)), documentCache.has(text(99))]).toEqual([true, false, true]);
  // One that is larger than everything is not remembered, and pushes nothing out.
  const { size } = documentCache;
  documentCache.set('x'.repeat(10_000), document);
  expect([documentCache.has('x'.repeat(10_000)), documentCache.size]).toEqual([false, size]);
  for (let i = 0; i < 100; i++) errorCache.set(text(i), new Error('x'));
  expect(errorCache.calculatedSize).toBeLessThanOrEqual(10_000);
  expect(errorCache.size).toBeLessThan(100);
});
