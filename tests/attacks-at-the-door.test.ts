// Requests that would get past what stands before GraphQL, or make it work for nothing: odd hosts, types, preflights and arrays.

import { expect, test } from 'vitest';
import { cpuTimer } from './support/cpu-time.ts';
import { codesOf, listen, onlyRates, times } from './support/protection.ts';
import { answersIn, bytesOf, exchange, type RawRequest } from './support/raw-http.ts';
import { anApp } from './support/world.ts';

const portOf = (url: string) => Number(new URL(url).port);
async function raw(url: string, request: RawRequest) {
  const [answer] = answersIn(await exchange(portOf(url), bytesOf(request)));
  if (!answer) throw new Error('There is no answer.');
  return answer;
}

const ASKED = encodeURIComponent('{ spas(first: 1) { nodes { id } } }');

test('a path in the Host header leads nowhere: what is counted, read and run is what the request line says', async () => {
  const world = await anApp({ protection: { modes: onlyRates('requests'), rates: { perMinute: 3 } } });
  const urls = [world.url, await listen(world.app.slowListener)];
  const sent = await world.statements.during(async () => {
    for (const url of urls) {
      for (const host of [
        `a/graphql?query=${ASKED}&x=`,
        `a/graphql?query=${ASKED}#`,
        `localhost/graphql?query=${ASKED}&`,
        'a/metrics?',
        '[',
      ]) {
        for (const target of ['/health', '/health/live']) {
          const { status, body } = await raw(url, { method: 'GET', target, headers: { host, accept: 'application/json' } });
          expect([host, target, status, body.includes('spas'), body.includes('convoy_')]).toEqual([host, target, 200, false, false]);
        }
      }
    }
  });
  // Whether the database is there.
  expect(sent.filter((text) => text !== 'select 1')).toEqual([]);
  // None of these was counted, and what is counted is so under any name of the host.
  const statuses: number[] = [];
  for (const host of ['localhost', 'a/health?', 'a/health#', '['])
    statuses.push((await raw(world.url, { target: '/graphql', headers: { host }, body: '{"query":"{ __typename }"}' })).status);
  expect(statuses).toEqual([200, 200, 200, 429]);
});

test('a Host header that is no host is answered as any other', async () => {
  const { url, app } = await anApp({ isSeeded: false });
  const requests: RawRequest[] = [
    { body: '{"query":"{ __typename }"}' },
    { body: '{"query":"{ nothing }"}' },
    { body: '{' },
    { method: 'GET', target: `/graphql?query=${encodeURIComponent('{ __typename }')}` },
    { method: 'GET', target: '/nothing' },
    { method: 'GET', target: '/health' },
  ];
  for (const one of [url, await listen(app.slowListener)]) {
    for (const request of requests) {
      const usual = await raw(one, request);
      for (const host of ['[', 'a b', 'a:b:c', 'http://a', '%', '[::1', 'x@y', '']) {
        const { status, body } = await raw(one, { ...request, headers: { host } });
        expect([host, status, body]).toEqual([host, usual.status, usual.body]);
      }
    }
  }
});

const FORM = { 'content-type': 'application/x-www-form-urlencoded', 'x-requested-with': 'tests' };

test('a body of an odd type costs little more than one that is read by the lane, however long it is', async () => {
  const { url } = await anApp({ isSeeded: false });
  const body = `{"query":"{ __typename }","extensions":{"x":"${'x'.repeat(900_000)}"}}`;
  const costOf = async (type: string) => {
    const request = { body, headers: { 'content-type': type, 'x-requested-with': 'tests' } };
    expect((await raw(url, request)).status).toBe(200);
    const workedMs = cpuTimer();
    for (let i = 0; i < 5; i++) await raw(url, request);
    return workedMs() / 5;
  };
  const usualMs = await costOf('application/json');
  expect(await costOf('application/graphql+json')).toBeLessThan(usualMs + 20);
  expect(await costOf('application/json;charset="utf-8"')).toBeLessThan(usualMs + 20);
});

test('forms, documents as text and empty bodies are answered by the way of Yoga', async () => {
  const { url } = await anApp({ isSeeded: false });
  const query = `query=${encodeURIComponent('query ($a: Boolean = true) { __typename @include(if: $a) }')}`;
  const answers: [RawRequest, number, RegExp][] = [
    [{ headers: FORM, body: query }, 200, /^\{"data":\{"__typename":"Query"\}/],
    [{ headers: FORM, body: `${query}&variables=${encodeURIComponent('{"a":false}')}` }, 200, /^\{"data":\{\}/],
    [{ headers: { 'content-type': 'application/graphql' }, body: '{ __typename }' }, 200, /^\{"data":\{"__typename":"Query"\}/],
    [
      { headers: { 'content-type': 'application/graphql+json' }, body: '{"query":"{ é: __typename }"}' },
      200,
      /Unexpected character: U\+00E9/,
    ],
    [{ headers: { 'content-type': 'application/graphql+json' }, body: '{"query":"{ __typename #é💆\\n }"}' }, 200, /"Query"/],
    [{ headers: FORM, body: '' }, 400, /BAD_REQUEST/],
    [{ body: '' }, 400, /BAD_REQUEST/],
    [{ headers: { 'content-type': 'application/graphql' }, body: '' }, 200, /GRAPHQL_PARSE_FAILED/],
    [{ headers: { 'content-type': 'application/graphql+json' }, body: '' }, 400, /BAD_REQUEST/],
  ];
  for (const [request, status, form] of answers) {
    const answer = await raw(url, request);
    expect([request, answer.status, answer.body]).toEqual([request, status, expect.stringMatching(form)]);
  }
});

const ORIGIN = 'https://a.example';
const preflight = (headers: Record<string, string>): RawRequest => ({
  method: 'OPTIONS',
  headers: { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization, content-type', ...headers },
});
const corsIn = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')));

test('a preflight of a listed origin is answered with what its pages may send, and of any other with nothing of it', async () => {
  const { url, app } = await anApp({ isSeeded: false, corsOrigins: [ORIGIN, 'https://b.example'] });
  for (const one of [url, await listen(app.slowListener)]) {
    for (const origin of [ORIGIN, 'https://b.example']) {
      const { status, headers, body } = await raw(one, preflight({ origin }));
      expect([status, body, corsIn(headers)]).toEqual([
        204,
        '',
        {
          'access-control-allow-origin': origin,
          'access-control-allow-methods': 'GET, HEAD, POST',
          'access-control-allow-headers': 'authorization, content-type',
          'access-control-max-age': '86400',
        },
      ]);
      expect(headers).toMatchObject({ 'x-request-id': 'mine', 'x-content-type-options': 'nosniff' });
    }
    for (const origin of ['https://c.example', 'null', '*', 'https://A.example', `${ORIGIN}.c.example`, `${ORIGIN}, ${ORIGIN}`, '']) {
      const { status, headers } = await raw(one, preflight({ origin }));
      expect([origin, status, corsIn(headers)]).toEqual([origin, 204, {}]);
    }
    expect(corsIn((await raw(one, preflight({}))).headers)).toEqual({});
  }
});

test('preflights are not counted and nothing is run for them, and what only looks like one is counted', async () => {
  const world = await anApp({ corsOrigins: [ORIGIN], protection: { modes: onlyRates('requests'), rates: { perMinute: 2 } } });
  const statusOf = async (request: RawRequest) => (await raw(world.url, request)).status;
  const asked = { ...preflight({ origin: ORIGIN, authorization: 'Bearer nonsense' }), target: `/graphql?query=${ASKED}` };
  const statuses: number[] = [];
  const sent = await world.statements.during(async () => {
    for (let i = 0; i < 6; i++) statuses.push(await statusOf(i % 2 ? { ...asked, target: '/elsewhere' } : asked));
  });
  expect([statuses, sent]).toEqual([[204, 204, 204, 204, 204, 204], []]);
  // A browser sends neither without the other headers, nor with a body.
  expect(await statusOf({ method: 'OPTIONS', headers: { origin: ORIGIN } })).toBe(204);
  expect(await statusOf({ ...asked, body: '{}' })).toBe(204);
  expect(await statusOf({ method: 'OPTIONS', headers: { origin: ORIGIN } })).toBe(429);
  expect(await statusOf({ ...asked, body: '{}' })).toBe(429);
  expect(await statusOf(preflight({}))).toBe(429);
  expect(await statusOf(asked)).toBe(204);
});

const PAGE = { query: '{ __typename }' };
const TYPENAME = { __typename: 'Query' };

test.each([
  [1, 400, 'BAD_REQUEST'],
  [2, 413, 'PAYLOAD_TOO_LARGE'],
  [5, 413, 'PAYLOAD_TOO_LARGE'],
])('an array of more operations than %s is refused with %s %s, and none of them is run', async (maxBatch, status, code) => {
  const { send, statements } = await anApp({ protection: { maxBatch } });
  for (const count of [maxBatch + 1, 100]) {
    const refused: unknown[] = [];
    const sent = await statements.during(async () => {
      const response = await send(times(count, () => ({ query: '{ spas(first: 1) { nodes { id } } }' })));
      const { errors, data } = await response.json();
      refused.push(response.status, codesOf(errors), data);
    });
    expect([count, sent, refused]).toEqual([count, [], [status, [code], undefined]]);
  }
  if (maxBatch > 1)
    expect(await (await send(times(maxBatch, () => PAGE))).json()).toMatchObject(times(maxBatch, () => ({ data: TYPENAME })));
});

test.each([1, 5])('what is no operation in an array is no failure of the gateway (of %s at most)', async (maxBatch) => {
  const { send } = await anApp({ isSeeded: false, protection: { maxBatch } });
  for (const batch of [[null], [null, PAGE], [PAGE, null], [undefined], [1, 'x', true], [[]], [[PAGE]], [{}], [null, null, null]]) {
    const response = await send(batch);
    const text = await response.text();
    expect([batch, response.status, text]).toEqual([batch, expect.toSatisfy((status) => status < 500), expect.stringContaining('errors')]);
    expect(text).not.toMatch(/INTERNAL_SERVER_ERROR|TypeError|node_modules/);
  }
});
