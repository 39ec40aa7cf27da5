// What is on an event stream, by the protocol of graphql-sse: results, errors, and the end.

import { createClient } from 'graphql-sse';
import { expect, onTestFinished, test } from 'vitest';
import { aFollowedGateway } from '../../support/followed-gateway.ts';
import { mutation, toIssue } from '../../support/inputs.ts';
import { listen, onlyRates } from '../../support/protection.ts';
import { documentsOf, REFUSED, WRONG_ARGUMENT } from '../../support/refused-operations.ts';
import { anApp } from '../../support/world.ts';

const SUBSCRIPTION = 'subscription { certificateIssued { id } }';

type Options = { headers?: Record<string, string>; method?: string };

/** The events of a stream, which must end. */
async function eventsFrom(url: string, body: unknown, { headers = {} }: Options = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, events: parse(await response.text()) };
}

// biome-ignore lint/suspicious/noExplicitAny: an event has the shape of its operation.
type Event = { event: string; id?: string; data: any };

function parse(text: string): Event[] {
  return text.split('\n\n').flatMap((block) => {
    const fields = Object.fromEntries(
      block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
    );
    return fields.event ? [{ ...fields, event: fields.event, data: fields.data ? JSON.parse(fields.data) : null }] : [];
  });
}

const COMPLETE = { event: 'complete', id: 'complete', data: null };
const codesIn = ({ data }: Event) => data.errors.map(({ extensions }: { extensions: { code: string } }) => extensions.code);

test('an error is an event on a stream that was accepted, and the stream is complete', async () => {
  const { app, url } = await anApp({ protection: { documents: documentsOf() } });
  const slow = await listen(app.slowListener);
  for (const [what, code, body, headers = {}] of REFUSED) {
    for (const at of [url, slow]) {
      const { status, headers: got, events } = await eventsFrom(at, body, { headers });
      expect([what, status, got.get('content-type'), got.get('retry-after')]).toEqual([what, 200, 'text/event-stream', null]);
      expect([what, events.map(({ event }) => event)]).toEqual([what, ['next', 'complete']]);
      const [next] = events as [Event];
      expect([what, codesIn(next)]).toEqual([what, [code]]);
      expect(JSON.stringify(next.data)).not.toContain('"http"');
    }
  }
});

test('limits say on the stream when there is room again', async () => {
  const places = await anApp({ protection: { maxSubscriptions: 0 } });
  const points = await anApp({ protection: { modes: onlyRates('points'), rates: { pointsPerMinute: 1 } } });
  const first = new AbortController();
  onTestFinished(() => first.abort());
  const open = { method: 'POST', headers: { 'content-type': 'application/json' }, signal: first.signal };
  await fetch(points.url, { ...open, body: JSON.stringify({ query: SUBSCRIPTION }) });
  const cost = await anApp({ protection: { maxCost: 0 } });
  for (const [{ url }, code, seconds] of [
    [places, 'RATE_LIMITED', 60],
    [points, 'RATE_LIMITED', 60],
    [cost, 'LIMIT_EXCEEDED', undefined],
  ] as const) {
    const { status, events } = await eventsFrom(url, { query: SUBSCRIPTION });
    expect([status, events]).toEqual([200, [{ event: 'next', data: { errors: [expect.anything()] } }, COMPLETE]]);
    const { code: got, retryAfterSeconds } = (events[0] as Event).data.errors[0].extensions;
    expect([got, seconds ? retryAfterSeconds >= 1 && retryAfterSeconds <= 61 : retryAfterSeconds]).toEqual([code, seconds && true]);
  }
});

test('a query and a mutation that ask for a stream have one with one event', async () => {
  const { url, tokens } = await anApp();
  const query = await eventsFrom(url, { query: '{ spas(first: 1) { nodes { __typename } } }' });
  expect(query).toMatchObject({
    status: 200,
    events: [{ event: 'next', data: { data: { spas: { nodes: [{ __typename: 'Spa' }] } } } }, COMPLETE],
  });
  const { token } = await tokens.sign(2);
  const input = toIssue('ID_CARD', { holderName: 'Asha' });
  const body = { query: mutation('issueCertificate', 'certificate { holderName }'), variables: { input } };
  const issued = await eventsFrom(url, body, { headers: { authorization: `Bearer ${token}` } });
  expect(issued.events).toMatchObject([{ data: { data: { issueCertificate: { certificate: { holderName: 'Asha' } } } } }, COMPLETE]);
});

test('an EventSource whose stream is complete is told not to come back, and nobody else is', async () => {
  const { url } = await anApp();
  const headers = { accept: 'text/event-stream', 'last-event-id': 'complete' };
  const query = new URLSearchParams({ query: '{ __typename }' });
  expect((await fetch(`${url}?${query}`, { headers })).status).toBe(204);
  const { status, events } = await eventsFrom(url, { query: '{ __typename }' }, { headers });
  expect([status, events]).toMatchObject([200, [{ event: 'next', data: { data: { __typename: 'Query' } } }, COMPLETE]]);
});

test('wrong variables of a subscription are named as those of a query are', async () => {
  const { url } = await anApp();
  const errors = [];
  for (const query of ['subscription ($id: ID!) { certificateIssued(spaId: $id) { id } }', 'query ($id: ID!) { spa(id: $id) { id } }']) {
    const { events } = await eventsFrom(url, { query, variables: { id: [1] } });
    errors.push(events[0]?.data.errors);
  }
  expect(errors[0]).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', issues: [{ path: ['id'] }] } }]);
  expect(errors[0]).toEqual(errors[1]);
});

test('what the guard refuses stays an answer of HTTP', async () => {
  const { url } = await anApp({ protection: { modes: onlyRates('requests'), rates: { perMinute: 2 }, maxBodyBytes: 1000 } });
  const large = await eventsFrom(url, { query: SUBSCRIPTION, variables: { text: 'x'.repeat(1000) } });
  expect([large.status, large.headers.get('content-type')]).toEqual([413, 'application/json; charset=utf-8']);
  await eventsFrom(url, { query: WRONG_ARGUMENT });
  const tooMany = await eventsFrom(url, { query: WRONG_ARGUMENT });
  expect([tooMany.status, Number(tooMany.headers.get('retry-after')) > 0]).toEqual([429, true]);
});

test('which form an error has is for the Accept header to say', async () => {
  const { url } = await anApp();
  const typeOf = async (accept: string, query: string) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept },
      body: JSON.stringify({ query }),
    });
    await response.body?.cancel();
    return response.headers.get('content-type')?.split(';')[0];
  };
  const [STREAM, JSON_TYPE] = ['text/event-stream', 'application/json'];
  for (const [accept, ofSubscription, ofQuery, ofNothing] of [
    ['text/event-stream', STREAM, STREAM, STREAM],
    ['Text/Event-Stream; charset=utf-8', STREAM, STREAM, STREAM],
    ['text/*', STREAM, STREAM, STREAM],
    ['text/event-stream, multipart/mixed', STREAM, STREAM, STREAM],
    ['text/event-stream, application/json;q=0.5', STREAM, STREAM, STREAM],
    ['text/event-stream, application/json', STREAM, JSON_TYPE, JSON_TYPE],
    ['text/event-stream;q=0.9, application/json', STREAM, JSON_TYPE, JSON_TYPE],
    ['*/*', JSON_TYPE, JSON_TYPE, JSON_TYPE],
  ] as const)
    expect([
      accept,
      await typeOf(accept, WRONG_ARGUMENT),
      await typeOf(accept, '{ spa(id: "x") { id } }'),
      await typeOf(accept, '{'),
    ]).toEqual([accept, ofSubscription, ofQuery, ofNothing]);
});

test('an error of an event is that event, an error of the source the last one', async () => {
  const { port } = await aFollowedGateway();
  const url = `http://127.0.0.1:${port}/graphql`;
  const client = createClient({ url, retryAttempts: 0 });
  const ticks = client.iterate<{ ticks: string | null }>({ query: 'subscription { ticks(events: 3, failing: "1") }' });
  const seen: unknown[] = [];
  for await (const { data, errors } of ticks) {
    seen.push([data?.ticks, errors?.length]);
    if (seen.length === 3) break;
  }
  expect(seen).toEqual([
    ['0', undefined],
    [null, 1],
    ['2', undefined],
  ]);
  const { events } = await eventsFrom(url, { query: 'subscription { broken }' });
  expect(events).toMatchObject([{ data: { data: { broken: 1 } } }, { data: { errors: [{}] } }, COMPLETE]);
});
