// The lane and Yoga's own way, side by side on two sockets: the same request has the same answer.

import { describe, expect, test } from 'vitest';
import { jsonTypeFor } from '../src/http/media-type.ts';
import { createRandom } from './support/batching.ts';
import { ACCEPTS, BODIES, body, GETS, get, QUERY, q, REQUESTS, TYPES } from './support/odd-requests.ts';
import { answersIn, bytesOf, exchange, listenWithoutLane, type RawAnswer, type RawRequest } from './support/raw-http.ts';
import { anApp } from './support/world.ts';

/** Headers of an answer that a client may depend on. The lane says `no-store` where Yoga says nothing. */
const RELEVANT = ['content-type', 'allow', 'vary', 'x-request-id', 'accept', 'location'];
const UUID = /\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g;
const relevant = ({ status, headers, body }: RawAnswer) => ({
  status,
  body: body.replaceAll(UUID, 'an id'),
  headers: Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => RELEVANT.includes(name) || name.startsWith('access-control-'))
      .map(([name, value]) => [name, value.replace(UUID, 'an id')]),
  ),
});

async function both(options: Parameters<typeof anApp>[0] = {}) {
  const world = await anApp(options);
  const ports = [Number(new URL(world.url).port), await listenWithoutLane(world.app)];
  /** The same answer of both. */
  const same = async (request: RawRequest, what: string = JSON.stringify(request).slice(0, 200)) => {
    const [lane, yoga] = await Promise.all(ports.map(async (port) => answersIn(await exchange(port, bytesOf(request))).map(relevant)));
    expect(lane, what).toEqual(yoga);
    expect(lane, what).toHaveLength(1);
    return lane?.[0] as ReturnType<typeof relevant>;
  };
  return { ...world, same, port: ports[0] as number };
}

describe('the lane answers as Yoga does', () => {
  const corsOrigins = ['https://a.example', 'https://b.example'];
  const check = (name: string, requests: readonly RawRequest[]) =>
    test(name, async () => {
      const { same } = await both({ corsOrigins });
      const differences: unknown[] = [];
      const statuses = new Set<number>();
      for (const request of requests) {
        try {
          statuses.add((await same(request)).status);
        } catch (error) {
          differences.push((error as Error).message, (error as { actual?: unknown }).actual, (error as { expected?: unknown }).expected);
        }
      }
      expect(differences).toEqual([]);
      expect(statuses.size).toBeGreaterThan(1);
    });
  check(
    'to each Accept header',
    ACCEPTS.flatMap((accept) => [
      { body, headers: { accept } },
      get(q(QUERY), { accept }),
      { body: '{"query":"{ users { nodes { id } } }"}', headers: { accept } },
    ]),
  );
  check(
    'to each type of content',
    TYPES.flatMap((type) => [
      { body, headers: { 'content-type': type } },
      { body: q(QUERY), headers: { 'content-type': type } },
    ]),
  );
  check(
    'to each body',
    BODIES.flatMap((one) =>
      ['application/json', 'application/graphql-response+json'].map((accept) => ({ body: one, headers: { accept } })),
    ),
  );
  check('to each way of GET', GETS);
  check('to whatever else is sent', REQUESTS);
});

test('kept answers are those that Yoga gives, and nothing else is answered from the cache', async () => {
  const { same, port } = await both({ corsOrigins: ['https://a.example'], responseCache: {} });
  const requests: RawRequest[] = [...BODIES.map((one) => ({ body: one })), ...GETS, get(body), { body: q(QUERY) }, ...REQUESTS];
  let kept = 0;
  for (const request of requests) {
    for (let round = 0; round < 3; round++) {
      const [answer] = answersIn(await exchange(port, bytesOf(request)));
      if (answer?.headers['x-cache']) kept++;
      // By GET it says more to caches than Yoga does.
      if (answer?.headers.vary !== undefined && request.method !== undefined) expect(answer.headers.vary).toContain('origin');
      else await same(request);
    }
  }
  expect(kept).toBeGreaterThan(60);
});

test('the type of an answer is the one that Yoga chooses, for any Accept header', async () => {
  const seed = 20_261_123;
  const { below, pick } = createRandom(seed);
  const { app } = await anApp();
  const parts = ['*', 'application', 'json', 'graphql-response+json', 'text', 'event-stream', 'html', '', 'Application', 'JSON', ' json'];
  const parameters = [
    ';q=0.5',
    ';q=0',
    '; charset=utf-8',
    ';charset=UTF-8',
    ';charset=latin1',
    ';xcharset=a',
    ';',
    ';a=b;charset=utf-8',
    ' ; q=1',
  ];
  let chosen = 0;
  for (let round = 0; round < 600; round++) {
    const entry = () => `${pick(parts)}/${pick(parts)}${below(3) === 0 ? pick(parameters) : ''}`;
    const accept = Array.from({ length: 1 + below(4) }, entry).join(pick([',', ', ', ' ,']));
    const response = await app.fetch('http://localhost/graphql', {
      method: 'POST',
      headers: { accept, 'content-type': 'application/json' },
      body: '{"query":"{ __typename }"}',
    });
    const type = response.headers.get('content-type') ?? '';
    await response.text();
    const isJson = response.status === 200 && /^application\/.*json; charset=utf-8$/.test(type);
    const expected = isJson ? type.split(';')[0] : undefined;
    expect(jsonTypeFor(accept), `${accept}, seed ${seed}`).toBe(expected);
    if (expected) chosen++;
  }
  expect(chosen).toBeGreaterThan(60);
  expect(chosen).toBeLessThan(540);
});
