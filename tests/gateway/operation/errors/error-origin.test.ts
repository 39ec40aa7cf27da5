// Whose fault an error is: it is told by what was thrown, and what is the gateway's is masked and logged once, wherever it was thrown.

import { GraphQLError, Kind, Source } from 'graphql';
import { expect, test } from 'vitest';
import type { AppDeps } from '../../../../src/app-deps.ts';
import { type ClientError, Conflict, RateLimited } from '../../../../src/errors.ts';
import { createLog } from '../../../../src/log.ts';
import { createMaskError } from '../../../../src/plugins/use-coded-errors.ts';
import { databaseError } from '../../../../src/resources/database-errors.ts';
import { openPubSub } from '../../../../src/resources/redis.ts';
import { anAppOver, aProtection } from '../../../support/app-deps.ts';
import { turns } from '../../../support/batching.ts';
import { rowsOf } from '../../../support/database.ts';
import { anApp } from '../../../support/world.ts';

const field = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: 'spas' } } as const;
const variable = { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: 'first' } } as const;
const at = (originalError: Error, nodes: unknown = [field]) =>
  new GraphQLError(originalError.message, { path: ['spas'], nodes: nodes as never, originalError });

test('an error passes where its class or its origin is known to be the client’s, and in no other case', () => {
  const mask = createMaskError({ translate: databaseError });
  const passing = [
    new Conflict('name', 'It is taken.'),
    at(new Conflict('name', 'It is taken.')),
    at(at(new RateLimited('calls', 1000))),
    new GraphQLError('Syntax Error: Unexpected "}".', { source: new Source('}'), positions: [0] }),
    new GraphQLError('Unknown operation named "B".', { extensions: { code: 'OPERATION_RESOLUTION_FAILURE' } }),
    new GraphQLError('Variable "$first" got invalid value "x".', { nodes: [variable] }),
    at(new GraphQLError('Argument "first" of non-null type "Int!" must not be null.', { nodes: [variable] }), [variable]),
    new GraphQLError('Can only perform a mutation operation from a POST request.', { extensions: { http: { status: 405 } } }),
  ];
  for (const error of passing) expect(mask(error)).toBe(error);
  const failing = [
    new GraphQLError('thrown by somebody'),
    new GraphQLError('thrown by somebody', { path: ['spas'] }),
    at(new GraphQLError('Abstract type "Node" must resolve to an Object type.')),
    at(new GraphQLError('Runtime Object type "A" is not a possible type for "Node".', { nodes: [field] })),
    at(new GraphQLError('Expected Iterable, but did not find one.')),
    at(new GraphQLError('Enum "Role" cannot represent value: "AUDITOR"')),
    at(new Error('Cannot return null for non-nullable field Spa.name.')),
    at(new SyntaxError('Unexpected token')),
    at(new RangeError('Invalid time value')),
    new GraphQLError('an event', {
      nodes: [{ kind: Kind.OPERATION_DEFINITION } as never],
      originalError: new GraphQLError('thrown by somebody'),
    }),
    new GraphQLError('of another library', { path: ['spas'], extensions: { code: 'SOMETHING_ELSE' } }),
    new GraphQLError('of Yoga', { extensions: { http: { status: 500 } } }),
    new GraphQLError('a code of ours, in words of others', { extensions: { code: 'INTERNAL_SERVER_ERROR' } }),
    new SyntaxError('Unexpected token'),
    new RangeError('Maximum call stack size exceeded'),
    new TypeError('Cannot read properties of undefined'),
    'a text',
    undefined,
    null,
  ];
  for (const error of failing) {
    const masked = mask(error);
    expect([masked.extensions.code, masked.message]).toEqual(['INTERNAL_SERVER_ERROR', 'Something went wrong in the gateway.']);
    expect(masked.path).toEqual(error instanceof GraphQLError ? error.path : undefined);
    // Once is enough: several look at it on its way.
    expect(mask(masked)).toBe(masked);
  }
});

test('a fault of the gateway stays one when its query is compiled: the same answer, logged each time', async () => {
  const { ask, databaseUrl, logged } = await anApp({ expectsErrors: true, compileAfter: 3 });
  await rowsOf(databaseUrl, 'alter table spas alter column version drop not null; update spas set version = null');
  const seen = new Set<string>();
  for (let round = 0; round < 8; round++) {
    const { status, data, errors } = await ask(
      '{ spas(first: 1) { nodes { version } } }',
      {},
      { headers: { 'x-request-id': `round-${round}` } },
    );
    await turns();
    expect(errors).toMatchObject([{ extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: `round-${round}` } }]);
    expect(JSON.parse(logged[round] ?? '{}')).toMatchObject({
      requestId: `round-${round}`,
      err: { message: expect.stringContaining('Spa.version') },
    });
    seen.add(JSON.stringify([status, data, errors?.map(({ message, path }) => [message, path])]));
  }
  expect([seen.size, logged.length]).toEqual([1, 8]);
});

/** A gateway with a part that fails, and how to ask it. */
async function failingApp(over: Partial<AppDeps>) {
  const { database, prisma, tokens } = await anApp();
  const logged: string[] = [];
  const log = createLog({ level: 'error', destination: { write: (line: string) => void logged.push(line) } });
  const { pubSub } = await openPubSub(undefined, log);
  const app = anAppOver({ database, prisma, tokens, pubSub, log, ...over });
  const ask = async (body: unknown, headers: Record<string, string> = {}) => {
    const { token } = await tokens.sign(2);
    const all = { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers };
    const response = await app.fetch('http://localhost/graphql', { method: 'POST', headers: all, body: JSON.stringify(body) });
    return await response.text();
  };
  return { ask, logged, app, tokens };
}

const MASKED = /"code":"INTERNAL_SERVER_ERROR".*"requestId":"[^"]+"/;
const THROWN = [
  new SyntaxError('Unexpected token'),
  new RangeError('Invalid array length'),
  new GraphQLError('thrown by somebody'),
  'a text',
];

test.each(THROWN)(
  'what a resolver, the viewer, a hook or the context throws is the gateway’s fault: %s',
  async (thrown) => {
    const fail = () => {
      throw thrown;
    };
    const query = { query: '{ certificates(first: 1) { nodes { id } } }' };
    const pressure = { maxCost: fail };
    const parts: Partial<AppDeps>[] = [
      { loadViewer: fail },
      { loadViewer: async () => fail() },
      { protection: aProtection({ pressure }) },
      { protection: aProtection({ store: { take: fail } as never, modes: { requests: 'off', points: 'enforce', fields: 'off' } }) },
    ];
    for (const part of parts) {
      const { ask, logged } = await failingApp(part);
      const answer = await ask(query, part.protection?.pressure === pressure ? { authorization: '' } : {});
      expect(answer).toMatch(MASKED);
      expect(answer).not.toMatch(/Unexpected token|Invalid array|thrown by somebody|a text/);
      expect(logged).toHaveLength(1);
    }
  },
  60_000,
);

test('an answer as a stream and the operations of an array tell the gateway’s faults as any answer does', async () => {
  const loadViewer = () => {
    throw new SyntaxError('Unexpected token');
  };
  const { ask, logged } = await failingApp({ protection: aProtection({ maxBatch: 5 }), loadViewer });
  const batch = await ask([{ query: '{ viewer { id } }' }, { query: '{ __typename }' }, { query: '{ viewer { id } }' }]);
  expect(batch.match(/"code":"INTERNAL_SERVER_ERROR"/g)).toHaveLength(2);
  expect(logged).toHaveLength(2);
  const stream = await ask({ query: '{ viewer { id } }' }, { accept: 'text/event-stream' });
  expect(stream).toMatch(MASKED);
  expect(logged).toHaveLength(3);
});

test('what a client sends that cannot be read is its own fault, on every way that it may come', async () => {
  const { app, ask, logged } = await failingApp({
    protection: aProtection({ modes: { requests: 'off', points: 'off', fields: 'off', tokens: 'off', depth: 'off' } }),
  });
  const codeOf = async (path: string, init: RequestInit = {}) =>
    (await (await app.fetch(`http://localhost/graphql${path}`, init)).json()).errors.map((one: ClientError) => one.extensions.code);
  expect(await codeOf('?query={__typename}&variables={')).toEqual(['BAD_REQUEST']);
  expect(await codeOf('?query={__typename}&extensions=x')).toEqual(['BAD_REQUEST']);
  const form = { 'content-type': 'application/x-www-form-urlencoded', 'x-requested-with': 'test' };
  expect(await codeOf('', { method: 'POST', headers: form, body: 'query={__typename}&variables={' })).toEqual(['BAD_REQUEST']);
  const nested = `{ spas(filter: { search: ${'['.repeat(50_000)}${']'.repeat(50_000)} }) { nodes { id } } }`;
  expect(await ask({ query: nested })).toContain('"code":"GRAPHQL_PARSE_FAILED"');
  expect(logged).toEqual([]);
});
