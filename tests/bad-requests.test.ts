import { expect, test } from 'vitest';
import { ERROR_CODES, type ErrorCode } from '../src/errors.ts';
import { refusing } from './support/refusals.ts';
import { anApp } from './support/world.ts';

const UNRESOLVED = 'OPERATION_RESOLUTION_FAILURE';
const REFUSED: [what: string, body: string, code: ErrorCode][] = [
  ['an empty list', '[]', 'BAD_REQUEST'],
  ['a list of operations', '[{"query":"{ __typename }"}]', 'BAD_REQUEST'],
  ['a number', '42', 'BAD_REQUEST'],
  ['a string', '"{ __typename }"', 'BAD_REQUEST'],
  ['null', 'null', 'BAD_REQUEST'],
  ['an object without an operation', '{}', 'BAD_REQUEST'],
  ['a query that is no text', '{"query": 1}', 'BAD_REQUEST'],
  ['broken JSON', '{"query": "{ secret', 'BAD_REQUEST'],
  ['nothing', '', 'BAD_REQUEST'],
  ['two JSON values', '{"query":"{ __typename }"}{}', 'BAD_REQUEST'],
  ['variables that are a list', '{"query":"{ __typename }","variables":[1]}', 'BAD_REQUEST'],
  ['variables that are text', '{"query":"{ __typename }","variables":"{}"}', 'BAD_REQUEST'],
  ['extensions that are a number', '{"query":"{ __typename }","extensions":3}', 'BAD_REQUEST'],
  ['an operation name that is not in the document', '{"query":"query A { __typename }","operationName":"B"}', UNRESOLVED],
  ['an operation name that is no text', '{"query":"query A { __typename }","operationName":4}', 'BAD_REQUEST'],
  ['two operations and no name', '{"query":"query A { __typename } query B { __typename }"}', UNRESOLVED],
  ['a document without an operation', '{"query":"fragment A on User { id }"}', UNRESOLVED],
  ['an empty document', '{"query":""}', 'GRAPHQL_PARSE_FAILED'],
  ['a document that cannot be parsed', '{"query":"{ viewer {"}', 'GRAPHQL_PARSE_FAILED'],
  ['a document with NUL', '{"query":"{ viewer\\u0000 { id } }"}', 'GRAPHQL_PARSE_FAILED'],
  ['an unknown field', '{"query":"{ passwords }"}', 'GRAPHQL_VALIDATION_FAILED'],
  ['an unknown argument', '{"query":"{ spas(limit: 1) { nodes { id } } }"}', 'GRAPHQL_VALIDATION_FAILED'],
  ['a literal of the wrong type', '{"query":"{ spas(first: \\"a\\") { nodes { id } } }"}', 'GRAPHQL_VALIDATION_FAILED'],
  ['an object without a selection', '{"query":"{ viewer }"}', 'GRAPHQL_VALIDATION_FAILED'],
  ['a fragment that spreads itself', '{"query":"{ viewer { ...A } } fragment A on User { ...A }"}', 'GRAPHQL_VALIDATION_FAILED'],
  ['an unknown field of a subscription', '{"query":"subscription { nope }"}', 'GRAPHQL_VALIDATION_FAILED'],
];

const codeOf = ({ extensions }: { extensions: { code: string } }) => extensions.code;

for (const [what, body, code] of REFUSED) {
  test(`a body is refused with ${code}: ${what}`, async () => {
    const { send, statements } = await anApp();
    const sent = await statements.during(async () => {
      for (const accept of ['application/json', 'application/graphql-response+json', '*/*']) {
        const response = await send(body, { headers: { accept } });
        const answer = await response.json();
        // GraphQL over HTTP: a well-formed request is answered 200 in application/json.
        const isMalformed = code === 'BAD_REQUEST';
        const status = accept !== 'application/graphql-response+json' && !isMalformed ? 200 : ERROR_CODES[code].status;
        expect({ status: response.status, codes: answer.errors.map(codeOf) }).toEqual({ status, codes: [code] });
        expect(response.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
      }
    });
    expect(sent).toEqual([]);
  });
}

test('a mutation is not run by GET', async () => {
  const app = await anApp();
  await refusing(app, async () => {
    const query = 'mutation { deleteSpa(id: "U3BhOjE=") { deletedId } }';
    const { token } = await app.tokens.sign(1);
    const response = await app.app.fetch(`http://localhost/graphql?query=${encodeURIComponent(query)}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await response.json()).errors[0].extensions).toEqual({ code: 'METHOD_NOT_ALLOWED' });
  });
});

test('other methods are refused with 405, other types of content with 415, other types of answers with 406', async () => {
  const { app, send } = await anApp();
  for (const method of ['PUT', 'DELETE', 'PATCH']) {
    const response = await app.fetch('http://localhost/graphql', {
      method,
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{ __typename }"}',
    });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST, OPTIONS']);
    expect((await response.json()).errors[0].extensions).toEqual({ code: 'METHOD_NOT_ALLOWED' });
  }
  for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/xml']) {
    expect((await send('{"query":"{ __typename }"}', { headers: { 'content-type': type, 'x-requested-with': 'test' } })).status).toBe(415);
  }
  expect((await send('{"query":"{ __typename }"}', { headers: { accept: 'text/xml' } })).status).toBe(406);
  expect((await app.fetch('http://localhost/nothing')).status).toBe(404);
});

test('a list of bad requests at once leaves the gateway as it was', async () => {
  const app = await anApp();
  await refusing(app, async () => {
    const answers = await Promise.all(
      REFUSED.flatMap(([, body, code]) => Array.from({ length: 4 }, async () => [(await app.send(body)).status, ERROR_CODES[code].status])),
    );
    for (const [status, expected] of answers) expect(status).toBe(expected);
  });
  expect((await app.ask('{ spas(first: 1) { nodes { id } } }')).errors).toBeUndefined();
});

test('what breaks the reading of a request is refused, and is no fault of the gateway', async () => {
  const { app, send } = await anApp();
  const answers = await Promise.all([
    app.fetch(`http://localhost/graphql?variables=x&query=${encodeURIComponent('{ viewer { id } }')}`),
    send({ query: `{ node(id: ${'['.repeat(3000)}${']'.repeat(3000)}) { id } }` }),
    send({ query: `${'{viewer'.repeat(10_000)}${'}'.repeat(10_000)}` }),
  ]);
  // How deep the parser comes before the stack ends, or the tokens, is the machine's to say.
  const codes = [
    /^BAD_REQUEST$/,
    /^(BAD_REQUEST|GRAPHQL_PARSE_FAILED|LIMIT_EXCEEDED)$/,
    /^(BAD_REQUEST|GRAPHQL_PARSE_FAILED|LIMIT_EXCEEDED)$/,
  ];
  for (const [i, response] of answers.entries()) {
    const { errors } = await response.json();
    expect([response.status, ...errors.map(codeOf)]).toEqual([400, expect.stringMatching(codes[i] ?? /^$/)]);
  }
});
