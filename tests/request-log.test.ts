import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { demoId } from '../prisma/seed/demo.ts';
import { createLog } from '../src/log.ts';
import { lockTable, until } from './support/batching.ts';
import { ADMIN, course, ISSUE, issue } from './support/operations.ts';
import { onlyRates } from './support/protection.ts';
import { bytesOf, exchange } from './support/raw-http.ts';
import { aLoggingApp, fieldsOf, type Line } from './support/request-lines.ts';

const QUERY = 'query Names { spas(first: 2) { nodes { name } } }';
const POST = { method: 'POST', path: '/graphql', status: 200, client: '127.0.0.1' };
const [DEBUG, INFO, WARN] = [20, 30, 40];

test('a query has one line, with who, what, and what it cost', async () => {
  const { send, linesOf } = await aLoggingApp();
  const lines = await linesOf(() => send({ query: QUERY }, { as: 'USER', headers: { 'x-request-id': 'mine' } }));
  expect(lines).toHaveLength(1);
  const [line] = lines;
  expect(line).toMatchObject({ level: INFO, msg: 'request', requestId: 'mine', ms: expect.any(Number), bytes: expect.any(Number) });
  const id = demoId('USER');
  const operation = { operation: 'Names', kind: 'query', cost: 2, statements: 2, share: 2 };
  expect(fieldsOf(line)).toEqual({ ...POST, client: `user ${id}`, viewer: id, ...operation });
});

test('a mutation has its errors, and an array its operations', async () => {
  const { send, lineOf } = await aLoggingApp({ protection: { maxBatch: 3 } });
  const mutation = { query: 'mutation Out { deleteSpa(id: "U3BhOjE=") { deletedId } }' };
  const refused = { operation: 'Out', kind: 'mutation', cost: expect.any(Number), statements: 0, share: 0, codes: ['UNAUTHENTICATED'] };
  expect(fieldsOf(await lineOf(() => send(mutation)))).toEqual({ ...POST, ...refused });
  const names = { operation: 'Names', kind: 'query', cost: 2, statements: 1, share: 1 };
  expect(fieldsOf(await lineOf(() => send([mutation, { query: QUERY }])))).toEqual({
    ...POST,
    codes: ['UNAUTHENTICATED'],
    count: 2,
    operations: [refused, names],
  });
});

test('an answer that was kept says so, and names its operation', async () => {
  const { send, lineOf } = await aLoggingApp({ responseCache: {} });
  for (let i = 0; i < 2; i++) await lineOf(() => send({ query: QUERY }));
  expect(fieldsOf(await lineOf(() => send({ query: QUERY })))).toEqual({ ...POST, cache: 'hit', operation: 'Names', kind: 'query' });
});

test('probes, the metrics and refusals by a limit of rate are for those who debug, and refusals are told in one line', async () => {
  const { linesOf, lineOf, url, send, requestLog } = await aLoggingApp({
    log: { refusalsMs: 60_000 },
    protection: { modes: onlyRates('requests'), rates: { perMinute: 1 } },
  });
  for (const path of ['/health', '/health/live', '/metrics'])
    expect(await lineOf(() => fetch(new URL(path, url))), path).toMatchObject({ level: DEBUG, path });
  expect(await lineOf(() => send({ query: QUERY }))).toMatchObject({ level: INFO });
  const refused = await linesOf(() => Promise.all(Array.from({ length: 20 }, () => send({ query: QUERY }))), 20);
  expect(refused.filter(({ level }) => level !== DEBUG)).toEqual([]);
  expect(fieldsOf(refused[0])).toEqual({ ...POST, status: 429, codes: ['RATE_LIMITED'] });
  const [told, ...others] = await linesOf(async () => requestLog.close(), 0);
  expect(others).toEqual([]);
  expect(told).toMatchObject({ level: INFO, requests: 20, clients: 1 });
  expect(await linesOf(async () => requestLog.close(), 0)).toEqual([]);
});

test('refusals are told of after a while, again and again', async () => {
  const { linesOf, send } = await aLoggingApp({
    log: { refusalsMs: 50 },
    protection: { modes: onlyRates('requests'), rates: { perMinute: 0 } },
  });
  for (let round = 0; round < 2; round++) {
    const lines = await linesOf(async () => {
      await Promise.all([send({ query: QUERY }), send({ query: QUERY })]);
      await wait(150);
    }, 2);
    expect(lines.filter(({ level }) => level === INFO)).toEqual([expect.objectContaining({ requests: 2, clients: 1 })]);
  }
});

test('a failure of the gateway is a warning, and what a client sends cannot write to a terminal or into the path', async () => {
  const { lineOf, send, linesOf, port } = await withPort();
  const name = `Evil\u001b[31m\u202e${'x'.repeat(200)}`;
  const line = await lineOf(() => send({ query: '{ nothing }', operationName: name }));
  expect(line).toMatchObject({ status: 400, operation: expect.stringMatching(/^Evil\?\[?\??31m\?x{60,}$/) });
  expect(line?.operation).toHaveLength(80);
  const get = (target: string) => lineOf(() => exchange(port, bytesOf({ method: 'GET', target })));
  expect((await get('/graphql?token=secret'))?.path).toBe('/graphql');
  expect((await get('http://me:secret@host/graphql?a'))?.path).toBe('/graphql');
  expect((await get(`/${'a'.repeat(1000)}`))?.path).toHaveLength(200);
  const broken = await linesOf(() => send({ query: QUERY }, { headers: { 'x-break': 'yes' } }));
  expect(broken.at(-1)).toMatchObject({ level: WARN, status: 200, codes: ['INTERNAL_SERVER_ERROR'] });
});

async function withPort() {
  const world = await aLoggingApp({ expectsErrors: true });
  const { pool, send } = world;
  const sending: typeof send = async (body, options) => {
    if (options?.headers?.['x-break'])
      Reflect.set(pool, 'connect', () => {
        throw new Error('broken');
      });
    return await send(body, options);
  };
  return { ...world, send: sending, port: Number(new URL(world.url).port) };
}

test('a client that leaves has 499, and a subscription its line at the end', async () => {
  const { linesOf, url, databaseUrl } = await aLoggingApp();
  const ask = (query: string, signal: AbortSignal) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream, application/json' },
      body: JSON.stringify({ query }),
      signal,
    });
  const lock = await lockTable(databaseUrl, 'spas');
  const [left] = await linesOf(() => ask(QUERY, AbortSignal.timeout(200)).catch(() => undefined));
  await lock.release();
  expect(left).toMatchObject({ level: INFO, status: 499, cutOff: true, bytes: 0 });
  const controller = new AbortController();
  const lines = await linesOf(async () => {
    await ask('subscription New { certificateIssued { id } }', controller.signal);
    await wait(300);
    controller.abort();
  });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ status: 200, cutOff: true, operation: 'New', kind: 'subscription' });
  expect(lines[0]?.ms).toBeGreaterThan(299);
});

test('a slow operation is logged with the statements that it waited for, and a quick one is not', async () => {
  const { linesOf, send, databaseUrl } = await aLoggingApp({ log: { slowOperationMs: 250 } });
  const query = 'query Slow { spas(first: 2) { nodes { name hiringForms(first: 1) { nodes { id } } } } }';
  expect(await linesOf(() => send({ query }))).toHaveLength(1);
  const lock = await lockTable(databaseUrl, 'hiring_forms');
  const lines = await linesOf(async () => {
    const answers = [send({ query }), send({ query })];
    await until(async () => (await lock.blocked()).length > 0, 'they wait for the lock');
    await wait(300);
    await lock.release();
    await Promise.all(answers);
  }, 2);
  const slow = lines.filter(({ msg }) => msg === 'slow operation');
  expect(slow).toHaveLength(2);
  for (const line of slow) {
    expect(line).toMatchObject({ level: WARN, operation: 'Slow', kind: 'query', requestId: expect.any(String) });
    const [first, second] = line.batches as Line[];
    expect(first).toMatchObject({ loader: 'pages of Spa' });
    expect(second).toMatchObject({ loader: 'pages of HiringForm', keys: 2, requests: expect.any(Number), waitMs: expect.any(Number) });
    expect(second?.ms).toBeGreaterThan(200);
    expect(second?.statement).toMatch(/^(select|with) .*\$1/i);
    expect(JSON.stringify(line).length).toBeLessThan(4096);
  }
});

test('a slow mutation is logged with what it sent itself, without values', async () => {
  const { linesOf, ask } = await aLoggingApp({ log: { slowOperationMs: 0 } });
  const lines = await linesOf(async () => {
    const answers = await Promise.all([
      ask(ISSUE, issue({ spaTherapist: course }, { holderName: 'Name of mine' }), ADMIN),
      ask('{ spas(first: 1) { nodes { id } } }'),
    ]);
    expect(answers.map(({ errors }) => errors)).toEqual([undefined, undefined]);
  }, 2);
  const slow = lines.filter(({ msg }) => msg === 'slow operation');
  const [mutation, query] = ['mutation', 'query'].map((kind) => slow.find((line) => line.kind === kind));
  const own = mutation?.own as Line[];
  expect(own.map(({ statement }) => statement).join()).toMatch(/INSERT INTO/i);
  for (const { ms } of own) expect(ms).toBeGreaterThan(0);
  expect(query).not.toHaveProperty('own');
  expect(JSON.stringify(lines)).not.toContain('Name of mine');
});

test('a threshold of 0 logs each operation with its statements', async () => {
  const { linesOf, send } = await aLoggingApp({ log: { slowOperationMs: 0 } });
  expect((await linesOf(() => send({ query: QUERY }))).map(({ msg }) => msg)).toEqual(['request', 'slow operation']);
});

test('an error is logged without the values that PostgreSQL repeats, and without what a terminal would obey', () => {
  const lines: string[] = [];
  const log = createLog({ destination: { write: (line: string) => void lines.push(line) } });
  log.error(
    { err: Object.assign(new Error('\u001b[2Jbroken\u009b31m'), { detail: 'Key (email)=(me@here)', where: 'hidden', code: '23505' }) },
    'it failed',
  );
  const { err } = JSON.parse(lines[0] ?? '');
  expect(err).toMatchObject({ message: '?[2Jbroken?31m', code: '23505', stack: expect.stringContaining('\n    at ') });
  expect(lines[0]).not.toMatch(/me@here|hidden|\\u001b|\u009b/);
});
