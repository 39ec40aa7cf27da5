// A subscription that does not become a stream leaves nothing behind: no place of its client, no open source, no points.

import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Plugin } from 'graphql-yoga';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../support/batching.ts';
import { aFollowedGateway } from '../../support/followed-gateway.ts';
import { onlyRates, times } from '../../support/protection.ts';
import { answersIn, bytesOf, exchange, type RawRequest } from '../../support/raw-http.ts';
import { anApp } from '../../support/world.ts';

const MANY = 50;
const SUBSCRIPTION = 'subscription { certificateIssued { id } }';
const one = JSON.stringify({ query: SUBSCRIPTION });
const query = JSON.stringify({ query: '{ __typename }' });

type World = Awaited<ReturnType<typeof anApp>>;
const portOf = ({ url }: Pick<World, 'url'>) => Number(new URL(url).port);

async function openSubscriptions({ metrics }: Pick<World, 'metrics'>): Promise<number> {
  const text = await metrics.registry.getSingleMetricAsString('convoy_open_subscriptions');
  return Number(/^convoy_open_subscriptions (\d+)$/m.exec(text)?.[1]);
}

/** Opens a stream, and returns its socket when the first bytes have come, with what they are. */
async function open(port: number, body: string, headers: Record<string, string> = {}) {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  socket.write(bytesOf({ body, headers: { accept: 'text/event-stream', ...headers } }));
  const [first] = await once(socket, 'data');
  socket.resume();
  return { socket, isOpen: !String(first).includes('errors') };
}

/** Expects all of so many places to be free, and not one more. */
async function expectAllFree(world: World, max: number): Promise<void> {
  await until(async () => (await openSubscriptions(world)) === 0, 'no subscription is open');
  const all = await Promise.all(times(max + 1, () => open(portOf(world), one)));
  expect(all.filter(({ isOpen }) => isOpen)).toHaveLength(max);
  for (const { socket } of all) socket.destroy();
}

const REFUSED: [name: string, request: RawRequest, status: number, code: string | undefined][] = [
  ['JSON alone', { body: one, headers: { accept: 'application/json' } }, 200, 'EVENT_STREAM_REQUIRED'],
  ['the newer JSON alone', { body: one, headers: { accept: 'application/graphql-response+json' } }, 406, 'EVENT_STREAM_REQUIRED'],
  [
    'what Apollo Client sends',
    { body: one, headers: { accept: 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json' } },
    200,
    'EVENT_STREAM_REQUIRED',
  ],
  ['multipart alone', { body: one, headers: { accept: 'multipart/mixed' } }, 406, undefined],
  ['anything but a stream', { body: one, headers: { accept: '*/*, text/event-stream;q=0' } }, 200, 'EVENT_STREAM_REQUIRED'],
  ['an array', { body: `[${one}]`, headers: { accept: 'application/json' } }, 200, 'EVENT_STREAM_REQUIRED'],
  ['an array of anything', { body: `[${query},${one}]`, headers: { accept: '*/*' } }, 200, 'EVENT_STREAM_REQUIRED'],
  ['an array, as a stream', { body: `[${query},${one}]`, headers: { accept: 'text/event-stream' } }, 200, 'BAD_REQUEST'],
];

test.each(REFUSED)('a subscription that accepts %s is refused with a code and keeps no place', async (_name, request, status, code) => {
  const max = 3;
  const world = await anApp({ protection: { maxBatch: 5, maxSubscriptions: max } });
  for (let i = 0; i < MANY; i++) {
    const [answer] = answersIn(await exchange(portOf(world), bytesOf(request)));
    expect(answer?.status).toBe(status);
    if (code) expect(answer?.body).toContain(`"code":"${code}"`);
  }
  await expectAllFree(world, max);
});

test('a subscription by HEAD keeps no place', async () => {
  const world = await anApp({ protection: { maxSubscriptions: 3 } });
  const target = `/graphql?query=${encodeURIComponent(SUBSCRIPTION)}`;
  for (let i = 0; i < MANY; i++)
    await exchange(portOf(world), bytesOf({ method: 'HEAD', target, headers: { accept: 'text/event-stream' } }));
  await expectAllFree(world, 3);
});

test('an array with a subscription answers its other operations', async () => {
  const world = await anApp({ protection: { maxBatch: 5 } });
  const answers = await (await world.send(`[${query},${one}]`, { headers: { accept: 'application/json' } })).json();
  expect(answers).toEqual([
    { data: { __typename: 'Query' }, extensions: expect.anything() },
    { errors: [{ message: expect.stringContaining('text/event-stream'), extensions: { code: 'EVENT_STREAM_REQUIRED' } }] },
  ]);
});

test('a client that leaves at once, or as soon as it has the head of its stream, keeps no place', async () => {
  const world = await anApp({ protection: { maxSubscriptions: 3 } });
  for (let i = 0; i < MANY; i++) {
    const socket = connect(portOf(world), '127.0.0.1');
    await once(socket, 'connect');
    socket.write(bytesOf({ body: one, headers: { accept: '*/*' } }));
    if (i % 2) await once(socket, 'data');
    socket.destroy();
  }
  await expectAllFree(world, 3);
});

test('a subscription that did not begin has its points back, and one that began has not', async () => {
  const world = await anApp({ protection: { modes: { ...onlyRates('points'), subscriptions: 'enforce' }, maxSubscriptions: 1 } });
  const left = async () => {
    const { data } = await world.ask('{ rateLimit { budgets { name remaining } } }');
    return data.rateLimit.budgets.find(({ name }: { name: string }) => name === 'points').remaining as number;
  };
  const [first, second] = [await left(), await left()];
  const ofQuery = first - second;
  const { socket } = await open(portOf(world), one);
  const cost = second - ofQuery - (await left());
  expect(cost).toBeGreaterThan(0);
  const before = await left();
  for (const accept of ['text/event-stream', 'application/json'])
    for (let i = 0; i < 5; i++) await (await world.send(one, { headers: { accept } })).text();
  expect(await left()).toBe(before - ofQuery);
  socket.destroy();
});

test('a request that leaves while it waits for its turn keeps no turn', async () => {
  const world = await anApp({ maxQueries: 1 });
  const database = await world.pool.connect();
  await database.query('begin');
  await database.query('lock table spas in access exclusive mode');
  const first = world.ask('{ spas(first: 1) { nodes { id } } }');
  await until(async () => (await database.query(`select 1 from pg_locks where not granted`)).rowCount === 1, 'the first one has its turn');
  const sockets = times(MANY, () => connect(portOf(world), '127.0.0.1'));
  for (const socket of sockets) socket.write(bytesOf({ body: query, headers: { accept: 'application/json' } }));
  await wait(200);
  for (const socket of sockets) socket.destroy();
  await database.query('commit');
  database.release();
  expect((await first).errors).toBeUndefined();
  for (let i = 0; i < 3; i++) expect((await world.ask('{ __typename }')).data).toEqual({ __typename: 'Query' });
});

const TICKS = JSON.stringify({ query: 'subscription { ticks }' });
const asEvents = { headers: { accept: 'text/event-stream' } };

test('whatever fails behind it, a source that was opened is ended and its place is given back once', async () => {
  const failures: Record<string, Plugin> = {
    'another plugin refuses': { onSubscribe: ({ setResultAndStopExecution }) => setResultAndStopExecution({ errors: [] }) },
    'another plugin fails before the source is opened': {
      onSubscribe() {
        throw new Error('Before.');
      },
    },
    'another plugin fails when the source is open': {
      onSubscribe: () => ({
        onSubscribeResult() {
          throw new Error('After.');
        },
      }),
    },
    'another plugin takes the stream away': {
      onSubscribe: () => ({ onSubscribeResult: ({ setResult }) => setResult({ errors: [] }) }),
    },
    'what processes the result fails': {
      onResultProcess() {
        throw new Error('Processing.');
      },
    },
    'what sees the response fails': {
      onResponse() {
        throw new Error('Response.');
      },
    },
  };
  for (const [name, plugin] of Object.entries(failures)) {
    const { port, counts } = await aFollowedGateway({ plugin });
    for (let i = 0; i < MANY; i++) await exchange(port, bytesOf({ target: '/graphql', body: TICKS, ...asEvents }));
    await until(() => counts.places === 0 && counts.openSources === 0 && counts.gauge === 0, name);
    expect([name, counts.taken, counts.fewest]).toEqual([name, MANY, 0]);
  }
});

test('a source that opens when its client has left is ended', async () => {
  const goOn = Promise.withResolvers<void>();
  const { port, counts } = await aFollowedGateway({ beforeSource: () => goOn.promise });
  const sockets = times(MANY, () => connect(port, '127.0.0.1'));
  for (const socket of sockets) socket.write(bytesOf({ body: TICKS, ...asEvents }));
  await until(() => counts.taken === MANY, 'all have a place');
  for (const socket of sockets) socket.destroy();
  await until(() => counts.places === 0, 'all places are given back');
  goOn.resolve();
  await until(() => counts.opened === MANY && counts.openSources === 0, 'the sources have been opened, and ended');
  expect(counts.fewest).toBe(0);
});

test('a source that does not open in time is one error with a code, and is ended when it opens after all', async () => {
  const goOn = Promise.withResolvers<void>();
  const { port, counts, left } = await aFollowedGateway({ beforeSource: () => goOn.promise, deadlineMs: 100 });
  const answers = await Promise.all(times(MANY, () => exchange(port, bytesOf({ body: TICKS, ...asEvents }))));
  for (const answer of answers)
    expect(answer).toMatch(/^HTTP\/1.1 200 [\s\S]*event: next\ndata: .*DEADLINE_EXCEEDED[\s\S]*event: complete\n/);
  expect([left.length, counts.opened]).toEqual([MANY, 0]);
  await until(() => counts.places === 0, 'all places are given back');
  goOn.resolve();
  await until(() => counts.opened === MANY && counts.openSources === 0, 'the sources have been opened, and ended');
});

test('a stream that its client leaves ends its source, also when the client reads nothing', async () => {
  const { port, counts } = await aFollowedGateway();
  const endless = JSON.stringify({ query: 'subscription { ticks(events: 1000000, bytes: 200000) }' });
  const sockets = await Promise.all(
    [...times(5, () => TICKS), ...times(5, () => endless)].map(async (body) => {
      const { socket } = await open(port, body);
      socket.pause();
      return socket;
    }),
  );
  expect(counts.openSources).toBe(10);
  await wait(300);
  for (const socket of sockets) socket.destroy();
  await until(() => counts.places === 0 && counts.openSources === 0, 'all are ended');
  expect(counts.fewest).toBe(0);
});
