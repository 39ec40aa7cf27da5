// What Accept and Content-Type say, and what becomes of requests that say what is not supported.

import { expect, test } from 'vitest';
import { acceptedBy, jsonTypeFor, withoutStreams } from '../../../src/http/media-type.ts';
import { listen } from '../../support/protection.ts';
import { answersIn, bytesOf, exchange, type RawRequest } from '../../support/raw-http.ts';
import { anApp } from '../../support/world.ts';

const JSON_TYPE = 'application/json';
const GRAPHQL_TYPE = 'application/graphql-response+json';
const BODY = JSON.stringify({ query: '{ __typename }' });

test.each<[accept: string | undefined, type: string | undefined]>([
  [undefined, JSON_TYPE],
  ['', JSON_TYPE],
  ['*/*', JSON_TYPE],
  ['application/*', JSON_TYPE],
  ['APPLICATION/JSON', JSON_TYPE],
  ['application/json ; charset=UTF-8', JSON_TYPE],
  ['application/json;charset="utf-8"', JSON_TYPE],
  ['application/json;charset=utf-16', undefined],
  ['application/json;q=0', undefined],
  ['application/json;q=0.000, text/html', undefined],
  ['*/*;q=0', undefined],
  ['text/*', undefined],
  ['application/json;q=0, */*', GRAPHQL_TYPE],
  ['application/graphql-response+json;q=0, */*', JSON_TYPE],
  ['application/json;q=0.5, application/graphql-response+json', GRAPHQL_TYPE],
  ['application/json;q=0.9, application/graphql-response+json;Q=0.1', JSON_TYPE],
  ['application/graphql-response+json, application/json;q=0.9', GRAPHQL_TYPE],
  ['application/json, application/graphql-response+json', JSON_TYPE],
  ['application/graphql-response+json, */*', GRAPHQL_TYPE],
  ['*/*, application/graphql-response+json', GRAPHQL_TYPE],
  // What urql, Apollo Client and Relay's examples send.
  ['application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed', GRAPHQL_TYPE],
  ['multipart/mixed;deferSpec=20220824,application/graphql-response+json,application/json;q=0.9', GRAPHQL_TYPE],
  ['application/json, text/event-stream, multipart/mixed', JSON_TYPE],
  ['text/event-stream, application/json', JSON_TYPE],
  ['text/event-stream;q=0.9, application/json;q=0.9', JSON_TYPE],
  // A client that would rather have events gets them.
  ['text/event-stream, application/json;q=0.5', undefined],
  ['text/event-stream', undefined],
])('the JSON of %j is %s', (accept, type) => {
  expect(jsonTypeFor(accept)).toBe(type);
});

test.each<[accept: string, expected: [isAccepted: boolean, isNamed: boolean, isPreferred: boolean]]>([
  ['*/*', [true, false, false]],
  ['text/*', [true, false, true]],
  ['Text/Event-Stream', [true, true, true]],
  ['text/event-stream, application/json', [true, true, false]],
  ['text/event-stream;q=0, */*', [false, false, false]],
  [withoutStreams('text/event-stream, application/json'), [false, false, false]],
  [withoutStreams(), [false, false, false]],
])('events are accepted, named and preferred by %j: %j', (accept, [isAccepted, isNamed, isPreferred]) => {
  expect(acceptedBy(accept).events).toEqual({ isAccepted, isNamed, isPreferred });
});

test('a page is for those who prefer one to JSON', () => {
  const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8';
  const headers = [browser, 'text/html', 'text/html;q=0, */*', 'application/json, text/html;q=0.9', '*/*', 'image/png', ''];
  expect(headers.filter((accept) => acceptedBy(accept).page)).toEqual([browser, 'text/html']);
});

/** The answers of the fast lane and of Yoga's way. */
async function bothWays() {
  const { url, app } = await anApp({ isSeeded: false });
  const ports = [url, await listen(app.slowListener)].map((one) => Number(new URL(one).port));
  return async (request: RawRequest) => {
    const answers = await Promise.all(ports.map(async (port) => answersIn(await exchange(port, bytesOf(request)))[0]));
    const [lane, yoga] = answers.map((answer) => ({ status: answer?.status, type: answer?.headers['content-type'], body: answer?.body }));
    expect(lane, JSON.stringify(request)).toEqual(yoga);
    return lane as { status: number; type: string; body: string };
  };
}
const codeIn = (body: string) => JSON.parse(body).errors[0].extensions.code;

test('the type of a body is read without regard to case, spaces and quotes, and its charset is UTF-8', async () => {
  const answerTo = await bothWays();
  for (const type of [
    'Application/JSON',
    'application/json ; charset=utf-8',
    'application/json;charset="UTF-8"',
    'application/json; charset=utf8; profile=x',
    'application/graphql+json',
  ]) {
    const { status, body } = await answerTo({ body: BODY, headers: { 'content-type': type } });
    expect([type, status, JSON.parse(body).data]).toEqual([type, 200, { __typename: 'Query' }]);
  }
  const utf16 = Buffer.from(BODY, 'utf16le');
  for (const [type, body] of [
    ['application/json; charset=utf-16', utf16],
    ['application/json; charset=latin1', BODY],
    ['application/graphql; charset=utf-16le', Buffer.from('{ __typename }', 'utf16le')],
    ['text/json', BODY],
    ['application/jsonp', BODY],
    ['nonsense', BODY],
    ['', BODY],
  ] as const) {
    const answer = await answerTo({ body, headers: { 'content-type': type } });
    expect([type, answer.status, answer.type, codeIn(answer.body)]).toEqual([
      type,
      415,
      'application/json; charset=utf-8',
      'UNSUPPORTED_MEDIA_TYPE',
    ]);
  }
});

test('who accepts nothing that can be written is told so, with a body', async () => {
  const answerTo = await bothWays();
  for (const accept of ['text/xml', 'application/json;q=0', '*/*;q=0', 'application/json;charset=utf-16', 'nonsense']) {
    for (const request of [
      { body: BODY, headers: { accept } },
      { body: '{', headers: { accept } },
      { method: 'GET', target: '/graphql?query={__typename}', headers: { accept } },
    ]) {
      const { status, type, body } = await answerTo(request);
      expect([accept, status, type, codeIn(body)]).toEqual([accept, 406, 'application/json; charset=utf-8', 'NOT_ACCEPTABLE']);
    }
  }
});

test('an answer has the type that is preferred, and events where those are preferred', async () => {
  const answerTo = await bothWays();
  for (const [accept, type] of [
    ['application/json;q=0.1, application/graphql-response+json', `${GRAPHQL_TYPE}; charset=utf-8`],
    ['application/json;q=0, */*', `${GRAPHQL_TYPE}; charset=utf-8`],
    ['application/json, text/event-stream, multipart/mixed', `${JSON_TYPE}; charset=utf-8`],
    ['text/event-stream, application/json;q=0.5', 'text/event-stream'],
  ] as const)
    expect([accept, await answerTo({ body: BODY, headers: { accept } })]).toEqual([accept, expect.objectContaining({ status: 200, type })]);
});

test('members of the body that are not known are ignored, and known ones of a wrong type are refused', async () => {
  const answerTo = await bothWays();
  const ask = (params: object | string) => answerTo({ body: typeof params === 'string' ? params : JSON.stringify(params) });
  const query = 'query A { __typename }';
  for (const more of [{ operationType: 'query' }, { id: 'x', doc_id: 7, constructor: {}, nested: { query: 1 } }, { documentId: null }])
    expect(JSON.parse((await ask({ query, ...more })).body)).toMatchObject({ data: { __typename: 'Query' } });
  expect((await answerTo({ method: 'GET', target: '/graphql?query={__typename}&operationType=query' })).status).toBe(200);
  for (const [member, value] of [
    ['query', 1],
    ['query', ['{ __typename }']],
    ['operationName', 4],
    ['variables', [1]],
    ['variables', '{}'],
    ['extensions', 3],
  ] as const) {
    const { status, body } = await ask({ query, [member]: value });
    expect([member, status, codeIn(body)]).toEqual([member, 400, 'BAD_REQUEST']);
    expect(body).toContain(`\`${member}\``);
  }
});

test('a request without an operation is refused whatever it accepts', async () => {
  const answerTo = await bothWays();
  for (const accept of [undefined, '*/*', JSON_TYPE, GRAPHQL_TYPE])
    for (const request of [
      ...['{}', '{"query":null}', '{"operationName":"A"}', '[]', 'null', '"x"', '42', '', '{'].map((body) => ({ body })),
      { method: 'GET' },
      { method: 'GET', target: '/graphql?query=' },
      { method: 'GET', target: '/graphql?query={__typename}&variables={' },
      { headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-requested-with': 'tests' } },
    ] as RawRequest[]) {
      const { status, body } = await answerTo({ ...request, headers: { ...request.headers, accept } });
      expect([request, accept, status, codeIn(body)]).toEqual([request, accept, 400, 'BAD_REQUEST']);
    }
});

test('an empty array is refused where arrays are allowed', async () => {
  const { send } = await anApp({ isSeeded: false, protection: { maxBatch: 5 } });
  const response = await send([]);
  expect([response.status, codeIn(await response.text())]).toEqual([400, 'BAD_REQUEST']);
});
