// The status and Retry-After of answers with errors, by media type: over sockets, by the fast lane and by Yoga's own way alike.

import { describe, expect, test } from 'vitest';
import { ERROR_CODES, type ErrorCode } from '../../../src/errors.ts';
import { answerHead, type ErrorHead } from '../../../src/gateway/http/answer-head.ts';
import { createPressure } from '../../../src/limits/pressure.ts';
import { createMemoryDocumentStore } from '../../../src/persisted/memory-document-store.ts';
import { createPersistedDocuments } from '../../../src/persisted/persisted-documents.ts';
import { lockTable, until } from '../../support/batching.ts';
import { SPA } from '../../support/inputs.ts';
import { apq, hashOf } from '../../support/persisted.ts';
import { onlyRates, times } from '../../support/protection.ts';
import { answersIn, bytesOf, exchange, listenWithoutLane, type RawRequest } from '../../support/raw-http.ts';
import { anApp } from '../../support/world.ts';

const RESPONSE = 'application/graphql-response+json';
const ACCEPTS = [undefined, '*/*', 'application/json', 'application/*', RESPONSE, `${RESPONSE}, application/json;q=0.9`];
const isOfResponse = (accept: string | undefined) => accept?.startsWith(RESPONSE) ?? false;

async function aGateway(options: Parameters<typeof anApp>[0] = {}) {
  const world = await anApp(options);
  const ports = [Number(new URL(world.url).port), await listenWithoutLane(world.app)];
  /** The same answer of both ways. */
  const ask = async (body: unknown, headers: RawRequest['headers'] = {}) => {
    const request = { body: typeof body === 'string' ? body : JSON.stringify(body), headers };
    const answers = await Promise.all(ports.map(async (port) => answersIn(await exchange(port, bytesOf(request)))));
    const [lane, yoga] = answers.map(([answer]) => {
      const { data, errors } = JSON.parse(answer?.body ?? '') as { data?: unknown; errors?: { extensions: { code: string } }[] };
      const { 'retry-after': retryAfter, 'content-type': type } = answer?.headers ?? {};
      return { status: answer?.status, codes: errors?.map(({ extensions }) => extensions.code), data, retryAfter, type };
    });
    // The clock may have moved on by a second between the two.
    expect(Math.abs(Number(lane?.retryAfter ?? 0) - Number(yoga?.retryAfter ?? 0))).toBeLessThanOrEqual(1);
    expect(lane).toEqual({ ...yoga, retryAfter: lane?.retryAfter });
    return lane;
  };
  return { ...world, ask };
}

const WITHOUT_DATA: [code: ErrorCode, request: object | string, headers?: Record<string, string>][] = [
  ['GRAPHQL_PARSE_FAILED', { query: '{ viewer {' }],
  ['GRAPHQL_VALIDATION_FAILED', { query: '{ passwords }' }],
  ['OPERATION_RESOLUTION_FAILURE', { query: 'query A { __typename }', operationName: 'B' }],
  ['BAD_USER_INPUT', { query: 'query ($n: Int!) { spas(first: $n) { nodes { id } } }', variables: { n: 'many' } }],
  ['LIMIT_EXCEEDED', { query: `{ ${times(40, (i) => `a${i}: __typename`).join(' ')} }` }],
  ['UNAUTHENTICATED', { query: '{ viewer { id } }' }, { authorization: 'Bearer forged' }],
  ['BAD_USER_INPUT', { query: '{ nodes(ids: ["forged"]) { id } }' }],
];

test.each(WITHOUT_DATA)('%s without data is 200, and has its own status for graphql-response+json alone: %j', async (code, body, own) => {
  const { ask } = await aGateway({ isSeeded: false });
  for (const accept of ACCEPTS) {
    const answer = await ask(body, { ...own, accept });
    const status = isOfResponse(accept) ? ERROR_CODES[code].status : 200;
    expect({ accept, ...answer }).toMatchObject({ accept, status, codes: [code] });
    expect(answer?.data ?? null).toBeNull();
    expect(answer?.type).toBe(`${isOfResponse(accept) ? RESPONSE : 'application/json'}; charset=utf-8`);
  }
});

test.each([
  ['UNAUTHENTICATED', '{ candidateForms { nodes { id } } spas(first: 1) { nodes { id } } }'],
  ['UNAUTHENTICATED', 'mutation { signIn(input: { usernameOrEmail: "user", password: "wrong" }) { token } }'],
  ['BAD_USER_INPUT', '{ spa(id: "forged") { id } }'],
])('%s of a root field is 200 in every media type, beside what the others have come to: %s', async (code, query) => {
  const { ask } = await aGateway();
  for (const accept of ACCEPTS) {
    const answer = await ask({ query }, { accept });
    expect({ accept, ...answer }).toMatchObject({ accept, status: 200, codes: [code] });
    const [failed, others] = Object.values(answer?.data as object);
    expect([failed, others ?? 'none']).toEqual([null, query.includes('spas') ? { nodes: [{ id: expect.any(String) }] } : 'none']);
  }
});

test.each(['{}', '{"query":3}', '{ no JSON', '[]', 'null'])(
  'a request that carries no operation is 400 in every media type: %s',
  async (body) => {
    const { ask } = await aGateway({ isSeeded: false });
    for (const accept of ACCEPTS) expect(await ask(body, { accept })).toMatchObject({ status: 400, codes: ['BAD_REQUEST'] });
  },
);

test('a document that is not known by its hash is 200 in every media type', async () => {
  const documents = createPersistedDocuments({ store: createMemoryDocumentStore() });
  const { ask } = await aGateway({ isSeeded: false, protection: { documents } });
  for (const accept of ACCEPTS)
    expect(await ask(apq(hashOf('{ unknown }')), { accept })).toMatchObject({ status: 200, codes: ['PERSISTED_QUERY_NOT_FOUND'] });
});

test('what ran out of time has the status of that for graphql-response+json alone', async () => {
  const { ask, databaseUrl } = await aGateway({ protection: { deadlineMs: 300 } });
  const lock = await lockTable(databaseUrl, 'spas');
  const statuses = ACCEPTS.map(async (accept) => (await ask({ query: '{ spas { nodes { id } } }' }, { accept }))?.status);
  expect(await Promise.all(statuses)).toEqual(ACCEPTS.map((accept) => (isOfResponse(accept) ? 504 : 200)));
  await lock.release();
});

describe('a refusal for rate or load before anything runs keeps its status in every media type, with Retry-After', () => {
  test('points', async () => {
    const { ask } = await aGateway({ isSeeded: false, protection: { modes: onlyRates('points'), rates: { pointsPerMinute: 10 } } });
    await ask({ query: '{ spas(first: 5) { nodes { id } } }' });
    for (const accept of ACCEPTS) {
      const answer = await ask({ query: '{ spas(first: 9) { nodes { id } } viewer { id } }' }, { accept });
      expect({ accept, ...answer }).toMatchObject({ accept, status: 429, codes: ['RATE_LIMITED'] });
      expect(Number(answer?.retryAfter)).toBeGreaterThan(0);
    }
  });

  test('pressure', async () => {
    const pressure = createPressure({ sampleMs: 10, poolWaiters: () => 100 });
    const { ask } = await aGateway({ isSeeded: false, protection: { pressure } });
    await until(() => pressure.maxCost() < 1, 'everything anonymous is shed');
    pressure.close();
    for (const accept of ACCEPTS)
      expect(await ask({ query: '{ spas { nodes { id } } }' }, { accept })).toMatchObject({
        status: 503,
        codes: ['OVERLOADED'],
        retryAfter: '1',
      });
  });
});

describe('an answer says when to come back, whatever else it carries', () => {
  const protection = { modes: onlyRates('fields'), maxBatch: 2, maxima: { aliases: 100, rootFields: 100 } };
  const certificates = (count: number) => times(count, (i) => `a${i}: certificate(number: "INV-2023-0000001") { id }`).join(' ');

  test('beside data, in every media type', async () => {
    const { ask } = await aGateway({ protection });
    await ask({ query: `{ ${certificates(15)} }` });
    for (const accept of ACCEPTS) {
      const answer = await ask({ query: `{ spas(first: 1) { nodes { name } } ${certificates(1)} }` }, { accept });
      expect(answer).toMatchObject({ status: 200, data: { spas: { nodes: [{}] }, a0: null }, codes: ['RATE_LIMITED'] });
      expect(Number(answer?.retryAfter)).toBeGreaterThan(50);
    }
  });

  test('of one operation of a batch', async () => {
    const { send } = await anApp({ protection });
    const batch = [{ query: `{ ${certificates(31)} }` }, { query: `mutation { saveSpa(input: { id: "${SPA}" }) { spa { id } } }` }];
    const response = await send(batch);
    expect([response.status, Number(response.headers.get('retry-after')) > 50]).toEqual([200, true]);
  });

  test('of several the longest', () => {
    const head = (seconds: number): ErrorHead => ({
      code: 'RATE_LIMITED',
      status: 429,
      headers: { 'retry-after': String(seconds) },
      isOfField: true,
    });
    const errors = [9, 100, 20].map(head);
    for (const hasData of [true, false])
      expect(answerHead(errors, { hasData, type: 'application/json' })).toEqual({ status: 200, headers: { 'retry-after': '100' } });
    expect(answerHead(errors, { hasData: false, type: RESPONSE }).status).toBe(429);
  });
});
