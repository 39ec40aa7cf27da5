// How large an operation may be, each way that it comes, and each time.

import { getIntrospectionQuery } from 'graphql';
import { expect, test } from 'vitest';
import type { OperationMaxima } from '../src/limits/limits.ts';
import { examples } from '../src/modules/examples.ts';
import { WITHOUT_RATES } from './support/app-deps.ts';
import { cpuTimer } from './support/cpu-time.ts';
import * as operations from './support/operations.ts';
import { codesOf, DOCUMENTS, limitsMet, listen, SMALL_MAXIMA, times } from './support/protection.ts';
import { anApp } from './support/world.ts';

const BEYOND = Object.values(DOCUMENTS).flatMap((all) => all.map(([figure, , beyond]) => ({ figure, query: beyond })));

const WITHIN = Object.entries(DOCUMENTS)
  .flatMap(([kind, all]) => all.map(([figure, fits]) => [kind, figure, fits] as const))
  .filter(([, , fits]) => fits !== '');

/** Sends a document the ordinary way, or as what asks for a stream where it is a subscription. */
async function post(url: string, query: string, variables: object = {}) {
  const body = JSON.stringify({ query, variables, operationName: query.startsWith('query A') ? 'A' : undefined });
  const accept = query.startsWith('subscription') ? 'text/event-stream' : 'application/graphql-response+json';
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', accept }, body });
  const text = await response.text();
  const json = accept === 'text/event-stream' ? (/^data: (\{.*)$/m.exec(text)?.[1] ?? '{}') : text;
  return { status: response.status, accept, ...JSON.parse(json) };
}

test('what is as large as allowed runs, each time that it comes and either way', async () => {
  const world = await anApp({ protection: { maxima: SMALL_MAXIMA } });
  const slow = await listen(world.app.slowListener);
  for (const [kind, figure, query] of WITHIN) {
    for (const url of [world.url, world.url, world.url, slow])
      expect([kind, figure, codesOf((await post(url, query)).errors)]).not.toEqual([kind, figure, ['LIMIT_EXCEEDED']]);
  }
  expect(await limitsMet(world)).toEqual([]);
});

test('what is one larger is refused and counted, each time that it comes and either way, and costs no statement', async () => {
  const world = await anApp({ protection: { maxima: SMALL_MAXIMA } });
  const slow = await listen(world.app.slowListener);
  const expected: Record<string, number> = {};
  const sent = await world.statements.during(async () => {
    for (const { figure, query } of BEYOND) {
      for (const url of [world.url, world.url, world.url, slow, slow]) {
        const { status, accept, data, errors } = await post(url, query);
        expect([query, data, codesOf(errors)]).toEqual([query, undefined, ['LIMIT_EXCEEDED']]);
        if (accept !== 'text/event-stream') expect([query, status]).toEqual([query, 400]);
        const max = SMALL_MAXIMA[figure as keyof OperationMaxima] as number;
        // The parser stops at the first token too many.
        const limit = figure === 'tokens' ? { name: figure, max } : { name: figure, max, actual: max + 1 };
        expect(errors[0].extensions.limit).toEqual(limit);
        expect(errors[0].message).toContain(`at most ${max} are allowed`);
        expected[figure] = (expected[figure] ?? 0) + 1;
      }
    }
  });
  expect(sent).toEqual([]);
  expect(await limitsMet(world)).toEqual(
    Object.entries(expected)
      .map(([figure, count]) => `${figure} refused: ${count}`)
      .sort(),
  );
});

test('what is watched runs, and is counted each time; what is off is not', async () => {
  const figures = ['depth', 'aliases', 'rootFields', 'directives', 'tokens'] as const;
  for (const mode of ['watch', 'off'] as const) {
    const modes = { ...WITHOUT_RATES, ...Object.fromEntries(figures.map((figure) => [figure, mode])) };
    const world = await anApp({ protection: { maxima: SMALL_MAXIMA, modes } });
    const slow = await listen(world.app.slowListener);
    const queries = DOCUMENTS.queries ?? [];
    for (const [, , beyond] of queries) {
      for (const url of [world.url, world.url, slow])
        expect([mode, beyond, (await post(url, beyond)).errors]).toEqual([mode, beyond, undefined]);
    }
    const met = await limitsMet(world);
    if (mode === 'off') expect(met).toEqual([]);
    // Some are beyond two limits.
    else
      for (const [figure] of queries)
        expect(
          met.find((one) => one.startsWith(`${figure} watched`)),
          figure,
        ).toMatch(/: [3-9]$/);
  }
});

test('each limit has a mode of its own', async () => {
  for (const [figure, , beyond] of DOCUMENTS.queries ?? []) {
    const watched = await anApp({ isSeeded: false, protection: { maxima: SMALL_MAXIMA, modes: { ...WITHOUT_RATES, [figure]: 'watch' } } });
    expect([figure, codesOf((await post(watched.url, beyond)).errors)]).toEqual([figure, []]);
    const others = (DOCUMENTS.queries ?? []).filter(([other]) => other !== figure);
    for (const [other, , query] of others)
      expect([figure, other, codesOf((await post(watched.url, query)).errors)]).toEqual([figure, other, ['LIMIT_EXCEEDED']]);
  }
});

test('a document that is too large by fragments that spread others is refused in little time', async () => {
  const { url } = await anApp({ isSeeded: false });
  const fragments = times(60, (i) => `fragment F${i} on Query { a: __typename ${i > 0 ? `...F${i - 1} ...F${i - 1}` : ''} }`);
  const workedMs = cpuTimer();
  const { errors, status } = await post(url, `{ ...F59 } ${fragments.join(' ')}`);
  expect([status, codesOf(errors)]).toEqual([400, ['LIMIT_EXCEEDED']]);
  expect(errors[0].message).toContain('far more');
  expect(workedMs()).toBeLessThan(500);
});

const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });
test('variables as deep and as long as allowed pass, and one more is refused, by either way and by GET', async () => {
  const world = await anApp({ isSeeded: false, protection: { maxima: SMALL_MAXIMA } });
  const slow = await listen(world.app.slowListener);
  const byGet = async (url: string, variables: object) =>
    (await fetch(`${url}?${new URLSearchParams({ query: '{ __typename }', variables: JSON.stringify(variables) })}`)).json();
  const long = (bytes: number) => ({ a: 'x'.repeat(bytes) });
  for (const url of [world.url, slow]) {
    for (const ask of [(variables: object) => post(url, '{ __typename }', variables), (variables: object) => byGet(url, variables)]) {
      expect((await ask({ a: nested(3) })).errors).toBeUndefined();
      expect((await ask(long(1900))).errors).toBeUndefined();
      expect((await ask({ a: nested(4) })).errors?.[0].extensions).toEqual({
        code: 'LIMIT_EXCEEDED',
        limit: { name: 'variables', max: 3, actual: 4 },
      });
      const { extensions, message } = (await ask(long(2100))).errors[0];
      expect([extensions.code, extensions.limit.name, extensions.limit.max]).toEqual(['LIMIT_EXCEEDED', 'variables', 2000]);
      expect(message).toContain('bytes of variables');
    }
  }
  expect(await limitsMet(world)).toEqual(['variables refused: 8']);
});

test('variables that are watched count once for each request, whether it fails or not', async () => {
  const world = await anApp({ isSeeded: false, protection: { maxima: SMALL_MAXIMA, modes: { ...WITHOUT_RATES, variables: 'watch' } } });
  const slow = await listen(world.app.slowListener);
  expect((await post(world.url, '{ __typename }', { a: nested(9) })).errors).toBeUndefined();
  expect(await limitsMet(world)).toEqual(['variables watched: 1']);
  for (const url of [slow, world.url])
    expect(codesOf((await post(url, '{ nothing }', { a: nested(9) })).errors)).toEqual(['GRAPHQL_VALIDATION_FAILED']);
  expect(await limitsMet(world)).toEqual(['variables watched: 3']);
});

test('by default everything passes that the frontend asks, and the query by which tools read the schema', async () => {
  const world = await anApp();
  const tools = [
    getIntrospectionQuery(),
    getIntrospectionQuery({ inputValueDeprecation: true, specifiedByUrl: true, schemaDescription: true, directiveIsRepeatable: true }),
  ];
  const documents = [...tools, ...examples.map(({ query }) => query), operations.ISSUE, operations.SAVE_SPA, operations.SUBMIT];
  for (const query of documents) {
    const variables = examples.find((example) => example.query === query)?.variables;
    if (query.startsWith('subscription')) {
      const stream = new AbortController();
      const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
      const answer = await fetch(world.url, { method: 'POST', headers, body: JSON.stringify({ query, variables }), signal: stream.signal });
      stream.abort();
      expect([query, answer.status]).toEqual([query, 200]);
      continue;
    }
    const { errors } = await post(world.url, query, variables);
    expect([query, codesOf(errors).filter((code) => /LIMIT|OVERLOADED|PARSE|VALIDATION/.test(code))]).toEqual([query, []]);
  }
  expect(await limitsMet(world)).toEqual([]);
});

test('a batch of as many operations as allowed runs, and one more is refused; by default any is', async () => {
  const one = { query: '{ __typename }' };
  const world = await anApp({ isSeeded: false, protection: { maxBatch: 3, maxima: SMALL_MAXIMA } });
  const three = await world.send([one, one, { query: `{ ${'a: __typename b: __typename c: __typename d: __typename'} }` }]);
  expect([three.status, (await three.json()).map(({ errors }: { errors: never }) => codesOf(errors))]).toEqual([
    200,
    [[], [], ['LIMIT_EXCEEDED']],
  ]);
  const four = await world.send([one, one, one, one]);
  expect([four.status >= 400 && four.status < 500, (await four.json()).data]).toEqual([true, undefined]);
  const alone = await anApp({ isSeeded: false });
  expect((await alone.send([one])).status).toBe(400);
});
