import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { demoId } from '../prisma/seed/demo.ts';
import type { RequestRecord } from '../src/http/request-record.ts';
import { lockTable, until } from './support/batching.ts';
import { onlyRates } from './support/protection.ts';
import { bytesOf, exchange } from './support/raw-http.ts';
import { connectingToOneRedis, hasRedis } from './support/redis-server.ts';
import { anApp } from './support/world.ts';

const aRedis = connectingToOneRedis();
const QUERY = 'query Names { spas(first: 2) { nodes { name } } }';

/** An app whose requests are recorded, and what their records say at the end. */
async function aRecordedApp(options: Parameters<typeof anApp>[0] = {}) {
  const records: RequestRecord[] = [];
  const started: RequestRecord[] = [];
  const observer = {
    onRequestStart: (record: RequestRecord) => started.push(record),
    onRequestEnd: (record: RequestRecord) => records.push(record),
  };
  const world = await anApp({ ...options, isDirect: false, observers: [observer] });
  const port = Number(new URL(world.url).port);
  /** The records of what `work` asks. */
  const recordsOf = async (count: number, work: () => Promise<unknown>) => {
    records.length = 0;
    await work();
    await until(() => records.length >= count, 'the requests have ended');
    return [...records];
  };
  const recordOf = async (work: () => Promise<unknown>) => (await recordsOf(1, work))[0] as RequestRecord;
  return { ...world, port, records, started, recordOf, recordsOf };
}

const asked = (record: RequestRecord) => record.operations.map(({ name, kind, label, errorCodes }) => ({ name, kind, label, errorCodes }));

test('a query is known by its name, its kind, its cost, its statements, and what it sent', async () => {
  const { recordOf, send, port } = await aRecordedApp();
  const record = await recordOf(
    async () => await (await send({ query: QUERY }, { as: 'USER', headers: { 'x-request-id': 'mine' } })).text(),
  );
  expect(record).toMatchObject({
    requestId: 'mine',
    method: 'POST',
    path: '/graphql',
    client: { key: `user ${demoId('USER')}`, userId: demoId('USER'), address: '127.0.0.1' },
    status: 200,
    isStream: false,
    isCutOff: false,
    errorCodes: [],
    cache: undefined,
  });
  expect(asked(record)).toEqual([{ name: 'Names', kind: 'query', label: 'Names', errorCodes: [] }]);
  const [operation] = record.operations;
  expect(operation?.profile).toMatchObject({ count: 2, share: 2 });
  expect(operation?.cost).toEqual({ estimate: 2, actual: 2 });
  expect(operation?.durationMs).toBeGreaterThan(0);
  expect(record.durationMs).toBeGreaterThanOrEqual(operation?.durationMs ?? 0);
  let received = '';
  const raw = await recordOf(async () => {
    received = await exchange(port, bytesOf({ body: JSON.stringify({ query: QUERY }) }));
  });
  expect(raw.bytes).toBe(Buffer.byteLength(received));
});

test('each request of a connection has its own bytes, and pipelined ones have theirs together', async () => {
  const { recordsOf, port } = await aRecordedApp();
  const bodies = [QUERY, '{ __typename }', 'nothing'].map((query) => JSON.stringify({ query }));
  const bytes = bodies.map((body, i) => bytesOf({ body, headers: { connection: i < 2 ? 'keep-alive' : 'close' } }));
  let received = '';
  const records = await recordsOf(3, async () => {
    received = await exchange(port, Buffer.concat(bytes));
  });
  expect(records.map(({ status }) => status).sort()).toEqual([200, 200, 200]);
  expect(records.reduce((sum, record) => sum + record.bytes, 0)).toBe(Buffer.byteLength(received));
});

test('an array has a record with an operation for each, in its order, with the errors of each', async () => {
  const { recordOf, send } = await aRecordedApp({ protection: { maxBatch: 5 } });
  const record = await recordOf(() =>
    send([{ query: QUERY }, { query: '{ nothing }' }, { query: 'mutation Out { deleteSpa(id: "U3BhOjE=") { deletedId } }' }, {}]),
  );
  expect(asked(record)).toEqual([
    { name: 'Names', kind: 'query', label: 'Names', errorCodes: [] },
    { name: undefined, kind: 'query', label: 'anonymous', errorCodes: ['GRAPHQL_VALIDATION_FAILED'] },
    { name: 'Out', kind: 'mutation', label: 'Out', errorCodes: ['UNAUTHENTICATED'] },
    { name: undefined, kind: undefined, label: 'anonymous', errorCodes: ['BAD_REQUEST'] },
  ]);
  expect(record.errorCodes).toEqual(['GRAPHQL_VALIDATION_FAILED', 'UNAUTHENTICATED', 'BAD_REQUEST']);
});

test.for([
  ['in memory', true, () => ({})],
  ['in Redis', hasRedis, () => ({ redisUrl: `redis://127.0.0.1:${aRedis().options.port}` })],
] as const)('an answer that was kept %s has its operation too', async ([, isThere, options], { skip }) => {
  if (!isThere) skip();
  const { recordOf, recordsOf, send } = await aRecordedApp({ responseCache: options() });
  const ask = () => send({ query: QUERY });
  // The first is not known to be valid before it is executed.
  expect((await recordOf(ask)).cache).toBeUndefined();
  const shared = await recordsOf(5, () => Promise.all([ask(), ask(), ask(), ask(), ask()]));
  for (const record of [...shared, await recordOf(ask)])
    expect(asked(record)).toEqual([{ name: 'Names', kind: 'query', label: 'Names', errorCodes: [] }]);
  expect(shared.map(({ cache }) => cache)).toContain('miss');
  expect(shared.filter(({ operations: [operation] }) => operation?.profile).length).toBe(1);
  const hit = await recordOf(ask);
  expect(hit).toMatchObject({ cache: 'hit', status: 200 });
  expect(hit.operations[0]).toMatchObject({ cost: undefined, profile: undefined });
});

test('what is refused, asked before, or no operation is recorded with why', async () => {
  const { recordOf, url, port } = await aRecordedApp({
    protection: { modes: onlyRates('requests'), rates: { perMinute: 3 }, maxBodyBytes: 1000 },
  });
  const post = (body: string, headers = {}) =>
    fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
  expect(await recordOf(() => fetch(url.replace('graphql', 'health')))).toMatchObject({ path: '/health', status: 200, operations: [] });
  const preflight = { 'access-control-request-method': 'POST', origin: 'https://a.example' };
  expect(await recordOf(() => fetch(url, { method: 'OPTIONS', headers: preflight }))).toMatchObject({ method: 'OPTIONS', status: 204 });
  expect(await recordOf(() => post('x'.repeat(1001)))).toMatchObject({ status: 413, errorCodes: ['PAYLOAD_TOO_LARGE'], operations: [] });
  expect(await recordOf(() => post('{'))).toMatchObject({ status: 400, errorCodes: ['BAD_REQUEST'], operations: [] });
  expect(await recordOf(() => fetch(`${url}?query={nothing}&operationName=Mine`))).toMatchObject({
    status: 200,
    path: '/graphql',
    errorCodes: ['OPERATION_RESOLUTION_FAILURE'],
    operations: [{ name: 'Mine', label: 'other', kind: undefined }],
  });
  const refused = await recordOf(() => post('{}'));
  expect(refused).toMatchObject({ status: 429, errorCodes: ['RATE_LIMITED'], operations: [], client: { key: '127.0.0.1' } });
  expect(refused.bytes).toBeGreaterThan(100);
  expect(await recordOf(() => exchange(port, bytesOf({ target: '/other?secret', method: 'GET' })))).toMatchObject({
    path: '/other',
    status: 429,
  });
});

test('a client that leaves ends its request once, with 499 where it had no answer', async () => {
  const { recordsOf, started, records, databaseUrl, port, url } = await aRecordedApp();
  const lock = await lockTable(databaseUrl, 'spas');
  const bodies = [QUERY, QUERY, QUERY].map((query) => bytesOf({ body: JSON.stringify({ query }), headers: { connection: 'keep-alive' } }));
  const left = await recordsOf(3, async () => {
    // Three on one connection: the answers of the last two wait for their turn.
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    socket.write(Buffer.concat(bodies));
    await until(() => started.length === 3, 'the requests have come');
    socket.destroy();
  });
  expect(left.map(({ status, isCutOff, bytes }) => ({ status, isCutOff, bytes }))).toEqual(
    Array(3).fill({ status: 499, isCutOff: true, bytes: 0 }),
  );
  await lock.release();
  const controller = new AbortController();
  const [subscription] = await recordsOf(1, async () => {
    await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription New { certificateIssued { id } }' }),
      signal: controller.signal,
    });
    await wait(100);
    expect(records).toEqual([]);
    controller.abort();
  });
  expect(subscription).toMatchObject({ status: 200, isCutOff: true, operations: [{ name: 'New', kind: 'subscription', label: 'New' }] });
  expect(subscription?.durationMs).toBeGreaterThan(99);
  await wait(100);
  expect(records).toHaveLength(1);
});
