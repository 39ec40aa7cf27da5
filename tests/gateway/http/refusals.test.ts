// Whatever refuses a request says so with a code, and lets a page of a listed origin read it: the guard, Yoga, node:http's parser, and
// what stands before it.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { createPubSub } from 'graphql-yoga';
import { expect, onTestFinished, test } from 'vitest';
import { createConnections } from '../../../src/http/connections.ts';
import { createCors } from '../../../src/http/cors.ts';
import { createRefusal } from '../../../src/http/refusal.ts';
import { createGatewayServer } from '../../../src/http/server.ts';
import { createLog } from '../../../src/log.ts';
import { anAppOver } from '../../support/app-deps.ts';
import { cpuTimer } from '../../support/cpu-time.ts';
import { listen, onlyRates } from '../../support/protection.ts';
import { answersIn, bytesOf, exchange, type RawAnswer, type RawRequest } from '../../support/raw-http.ts';
import { anApp } from '../../support/world.ts';

const ORIGIN = 'https://a.example';
const BODY = JSON.stringify({ query: '{ __typename }' });
const portOf = (url: string) => Number(new URL(url).port);
const codeIn = ({ body }: RawAnswer) => JSON.parse(body).errors[0].extensions.code;

/** Expects a refusal that a page of the origin can read. */
function expectRefusal(answer: RawAnswer | undefined, status: number, code: string): void {
  expect(answer && [answer.status, codeIn(answer)]).toEqual([status, code]);
  expect(answer?.headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    'x-content-type-options': 'nosniff',
    'access-control-allow-origin': ORIGIN,
    'access-control-expose-headers': expect.stringMatching(/RateLimit.*Retry-After.*X-Convoy-LSN.*X-Request-Id/),
  });
}

const WEBSOCKET = { connection: 'close, upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'eA==' };
const REFUSALS: [what: string, status: number, code: string, request: RawRequest][] = [
  ['a body that is not JSON', 400, 'BAD_REQUEST', { body: '{' }],
  ['a WebSocket', 400, 'BAD_REQUEST', { method: 'GET', headers: WEBSOCKET }],
  ['a WebSocket beside a query', 400, 'BAD_REQUEST', { method: 'GET', target: '/graphql?query={__typename}', headers: WEBSOCKET }],
  ['no Host header', 400, 'BAD_REQUEST', { body: BODY, headers: { host: undefined } }],
  ['a form of another site', 403, 'CROSS_SITE_REQUEST', { body: BODY, headers: { 'content-type': 'text/plain' } }],
  ['another address', 404, 'NOT_FOUND', { method: 'GET', target: '/elsewhere' }],
  ['another method', 405, 'METHOD_NOT_ALLOWED', { method: 'PUT', body: BODY }],
  ['a mutation by GET', 405, 'METHOD_NOT_ALLOWED', { method: 'GET', target: '/graphql?query=mutation{__typename}' }],
  ['an unknown type of answer', 406, 'NOT_ACCEPTABLE', { body: BODY, headers: { accept: 'text/xml' } }],
  ['a large body', 413, 'PAYLOAD_TOO_LARGE', { body: `"${'x'.repeat(600)}"` }],
  ['an unknown type of body', 415, 'UNSUPPORTED_MEDIA_TYPE', { body: BODY, headers: { 'content-type': 'text/xml' } }],
  ['an unknown encoding of the body', 415, 'UNSUPPORTED_MEDIA_TYPE', { body: BODY, headers: { 'content-encoding': 'zstd' } }],
];

test('each refusal has a code, and can be read by a page of a listed origin', async () => {
  const { url, app } = await anApp({ isSeeded: false, corsOrigins: [ORIGIN], protection: { maxBodyBytes: 500 } });
  const cors = createCors([ORIGIN]);
  const server = createGatewayServer(app.listener, { cors, keepAliveMs: 5000, silenceMs: 30_000 }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  for (const port of [(server.address() as AddressInfo).port, portOf(await listen(app.slowListener))]) {
    for (const [what, status, code, request] of REFUSALS) {
      if (what === 'no Host header' && port !== (server.address() as AddressInfo).port) continue;
      const [answer] = answersIn(await exchange(port, bytesOf({ ...request, headers: { origin: ORIGIN, ...request.headers } })));
      expectRefusal(answer, status, code);
      expect(answer?.headers['x-request-id'], what).toBe('mine');
      if (status === 405) expect(answer?.headers.allow, what).toContain('POST');
    }
  }
  expect((await fetch(url, { method: 'OPTIONS' })).headers.get('allow')).toBe('GET, HEAD, POST, OPTIONS');
});

test('a refusal for rate can be read by a page of a listed origin', async () => {
  const { url } = await anApp({
    isSeeded: false,
    corsOrigins: [ORIGIN],
    protection: { modes: onlyRates('requests'), rates: { perMinute: 0 } },
  });
  const [answer] = answersIn(await exchange(portOf(url), bytesOf({ body: BODY, headers: { origin: ORIGIN } })));
  expectRefusal(answer, 429, 'RATE_LIMITED');
  expect(answer?.headers['retry-after']).toMatch(/^\d+$/);
});

test('a request that fails before it has an answer is answered 500, without a word of why', async () => {
  const store = {
    take: () => {
      throw new Error('secret cause');
    },
  };
  const { url, logged } = await anApp({
    isSeeded: false,
    expectsErrors: true,
    corsOrigins: [ORIGIN],
    protection: { modes: onlyRates('requests'), store: { ...store, refund: () => undefined } },
  });
  const [answer] = answersIn(await exchange(portOf(url), bytesOf({ body: BODY, headers: { origin: ORIGIN } })));
  expectRefusal(answer, 500, 'INTERNAL_SERVER_ERROR');
  expect(JSON.parse(answer?.body ?? '').errors[0].extensions.requestId).toBe('mine');
  expect(answer?.body).not.toContain('secret');
  expect(logged.filter((line) => line.includes('secret cause'))).toHaveLength(1);
});

test('what is thrown outside GraphQL reaches the log, and no client', async () => {
  const { database, prisma, tokens } = await anApp({ isSeeded: false });
  const lines: string[] = [];
  const log = createLog({ level: 'error', destination: { write: (line: string) => void lines.push(line) } });
  const figures = () => ({
    get workers(): number {
      throw new Error('secret cause');
    },
  });
  const app = anAppOver({ database, prisma, tokens, pubSub: createPubSub(), log, health: { isReady: async () => true, figures } });
  for (const listener of [app.listener, app.slowListener]) {
    const answer = await fetch(`${new URL(await listen(listener)).origin}/health`);
    const text = await answer.text();
    expect([answer.status, JSON.parse(text).errors[0].extensions.code]).toEqual([500, 'INTERNAL_SERVER_ERROR']);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(text).not.toContain('secret');
  }
  expect(lines.filter((line) => line.includes('secret cause'))).toHaveLength(2);
});

/** The port of a gateway behind node:http as it is shipped. */
async function aServer() {
  const { app } = await anApp({ isSeeded: false, corsOrigins: [ORIGIN] });
  const server = createGatewayServer(app.listener, { cors: createCors([ORIGIN]), keepAliveMs: 5000, silenceMs: 30_000 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { server, port: (server.address() as AddressInfo).port };
}

const head = (lines: string[]) => `POST /graphql HTTP/1.1\r\nhost: x\r\norigin: ${ORIGIN}\r\n${lines.join('\r\n')}\r\n\r\n`;
const CHUNKED = ['content-type: application/json', 'transfer-encoding: chunked'];

test.each<[what: string, sent: string, status: number, code: string]>([
  ['is not HTTP', `nonsense\r\norigin: ${ORIGIN}\r\n\r\n`, 400, 'BAD_REQUEST'],
  ['has a broken header', `GET /graphql HTTP/1.1\r\norigin: ${ORIGIN}\r\nbad name: x\r\n\r\n`, 400, 'BAD_REQUEST'],
  ['has a broken chunk', `${head(CHUNKED)}zz\r\n`, 400, 'BAD_REQUEST'],
  ['has long headers', head([`x: ${'x'.repeat(20_000)}`]), 431, 'HEADERS_TOO_LARGE'],
  ['has long extensions of chunks', `${head(CHUNKED)}1;${'x'.repeat(20_000)}\r\n`, 413, 'PAYLOAD_TOO_LARGE'],
])('a request that %s is refused with a code', async (_what, sent, status, code) => {
  const { port } = await aServer();
  const [answer] = answersIn(await exchange(port, Buffer.from(sent)));
  expectRefusal(answer, status, code);
  expect(answer?.headers.connection).toBe('close');
});

test('blanks in a head that cannot be read cost next to nothing', async () => {
  const ports = [await aFullPort(), (await aServer()).port];
  const workedMs = cpuTimer();
  for (const port of ports)
    for (const name of ['origin', 'access-control-request-method', 'access-control-request-headers']) {
      const sent = `GET / HTTP/1.1\r\n${name}:${' \t'.repeat(7000)}\0\r\n\r\n`;
      expect(await exchange(port, Buffer.from(sent))).toMatch(/^HTTP\/1.1 (400|503)/);
    }
  expect(workedMs()).toBeLessThan(1000);
});

test('what is broken behind a request that is still answered cuts the connection, and writes nothing into that answer', async () => {
  const { port } = await aServer();
  const stream = bytesOf({
    headers: { accept: 'text/event-stream', connection: 'keep-alive' },
    body: JSON.stringify({ query: 'subscription { certificateIssued { id } }' }),
  });
  const next = bytesOf({ headers: { connection: 'keep-alive' }, body: BODY });
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    received += chunk;
  });
  socket.write(stream);
  await expect.poll(() => received, { timeout: 10_000 }).toContain('text/event-stream');
  socket.write(Buffer.concat([next, Buffer.from('nonsense\r\n\r\n')]));
  await once(socket, 'close');
  expect(received.match(/HTTP\/1\.1/g)).toHaveLength(1);
});

test('a request whose body does not arrive in time is refused with a code', async () => {
  const { server, port } = await aServer();
  server.on('connection', (socket) => {
    // As node:http does when the time is over.
    server.once('request', () => server.emit('clientError', Object.assign(new Error(), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket));
  });
  const sent = head(['content-type: application/json', 'content-length: 9']);
  const [answer] = answersIn(await exchange(port, Buffer.from(sent)));
  expectRefusal(answer, 408, 'REQUEST_TIMEOUT');
});

test('an expectation that is not known is ignored', async () => {
  const { port } = await aServer();
  const [answer] = answersIn(await exchange(port, bytesOf({ body: BODY, headers: { expect: 'nonsense' } })));
  expect([answer?.status, JSON.parse(answer?.body ?? '').data]).toEqual([200, { __typename: 'Query' }]);
});

/** A port of which every connection finds no place. */
async function aFullPort(): Promise<number> {
  const refuse = createRefusal(createCors([ORIGIN]));
  const door = createServer({ allowHalfOpen: true }, refuse).listen(0, '127.0.0.1');
  await once(door, 'listening');
  onTestFinished(() => void door.close());
  return (door.address() as AddressInfo).port;
}

test('a page of a listed origin can read that there is no place, and its preflight is answered', async () => {
  const port = await aFullPort();
  const first = async (request: RawRequest | string) =>
    answersIn(await exchange(port, typeof request === 'string' ? Buffer.from(request) : bytesOf(request)))[0];
  const refused = await first({ body: BODY, headers: { origin: ORIGIN } });
  expectRefusal(refused, 503, 'OVERLOADED');
  expect(refused?.headers['retry-after']).toMatch(/^\d+$/);
  const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type, authorization' };
  expect(await first({ method: 'OPTIONS', headers: { origin: ORIGIN, ...asked } })).toMatchObject({
    status: 204,
    headers: {
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-methods': 'GET, HEAD, POST',
      'access-control-allow-headers': 'content-type, authorization',
    },
  });
  // What is not the whole of a listed origin, or not a header, lets nobody read.
  for (const request of [
    { body: BODY, headers: { origin: `${ORIGIN}.evil.example` } },
    { body: `\r\norigin: ${ORIGIN}\r\n` },
    { target: `/graphql?%0d%0aorigin:${ORIGIN}`, body: BODY },
    `POST /graphql HTTP/1.1\r\norigin: ${ORIGIN}`,
    `POST /graphql HTTP/1.1\r\nx: y\r\n\r\norigin: ${ORIGIN}\r\n\r\n`,
  ] as (RawRequest | string)[]) {
    const answer = await first(request);
    expect([answer?.status, answer && codeIn(answer)]).toEqual([503, 'OVERLOADED']);
    expect(Object.keys(answer?.headers ?? {}).filter((name) => name.startsWith('access-control'))).toEqual([]);
  }
  const smuggled = `OPTIONS / HTTP/1.1\r\norigin: ${ORIGIN}\r\naccess-control-request-method: POST\r\naccess-control-request-headers: x\u0000y\r\n\r\n`;
  expect((await first(smuggled))?.headers['access-control-allow-headers']).toBe('content-type');
});

test('a page can read that there is no place also where the gateway itself takes connections', async () => {
  const { app } = await anApp({ isSeeded: false });
  const cors = createCors([ORIGIN]);
  const server = createGatewayServer(app.listener, { cors, keepAliveMs: 5000, silenceMs: 30_000 });
  const connections = createConnections(server, { max: 1, cors });
  const door = createServer({ allowHalfOpen: true }, connections.take).listen(0, '127.0.0.1');
  await once(door, 'listening');
  const { port } = door.address() as AddressInfo;
  const held = connect(port, '127.0.0.1');
  await once(held, 'connect');
  onTestFinished(() => {
    held.destroy();
    door.close();
  });
  const [answer] = answersIn(await exchange(port, bytesOf({ body: BODY, headers: { origin: ORIGIN } })));
  expectRefusal(answer, 503, 'OVERLOADED');
});

test('HEAD is answered as GET is, without the body', async () => {
  const { url, statements } = await anApp();
  const search = `?query=${encodeURIComponent('{ spas(first: 1) { nodes { id } } }')}`;
  for (const [target, headers] of [
    [`/graphql${search}`, {}],
    [`/graphql${search}`, { accept: 'application/graphql-response+json' }],
    ['/graphql', {}],
    ['/graphql?query={nothing}', { accept: 'application/graphql-response+json' }],
    ['/elsewhere', {}],
    [`/graphql${search}`, { accept: 'text/xml' }],
  ] as const) {
    const ask = async (method: string) => answersIn(await exchange(portOf(url), bytesOf({ method, target, headers })))[0];
    const [got, head] = [await ask('GET'), await ask('HEAD')];
    expect([target, head?.status, head?.body]).toEqual([target, got?.status, '']);
    for (const name of ['content-type', 'content-length', 'cache-control']) expect(head?.headers[name], name).toBe(got?.headers[name]);
  }
  // A stream would have no end.
  const sent = await statements.during(async () => {
    const target = `/graphql?query=${encodeURIComponent('subscription { certificateIssued { id } }')}`;
    const [answer] = answersIn(await exchange(portOf(url), bytesOf({ method: 'HEAD', target, headers: { accept: 'text/event-stream' } })));
    expect(answer?.status).toBe(406);
  });
  expect(sent).toEqual([]);
});
