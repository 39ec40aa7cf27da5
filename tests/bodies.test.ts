// Bodies as bytes: how long they may be, however they are sent and compressed, and that a refusal is read.

import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { WITHOUT_RATES } from './support/app-deps.ts';
import { until } from './support/batching.ts';
import { limitsMet, listen, roomIn, sendThenRead, times } from './support/protection.ts';
import { answersIn, bytesOf, exchange, type RawRequest } from './support/raw-http.ts';
import { anApp } from './support/world.ts';

const MAX = 100_000;
const aGateway = (options: object = {}) => anApp({ isSeeded: false, protection: { maxBodyBytes: MAX, ...options } });

/** An operation of exactly so many bytes. */
function bodyOf(bytes: number): Buffer {
  const start = '{"query":"{ __typename }","extensions":{"x":"';
  return Buffer.from(`${start}${'x'.repeat(bytes - start.length - 3)}"}}`);
}
const PACKERS: Record<string, (body: Buffer) => Buffer> = {
  gzip: gzipSync,
  'x-gzip': gzipSync,
  GZip: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
};
const FORMS: [string, (body: Buffer) => RawRequest][] = [
  ['with its length', (body) => ({ body })],
  ['in chunks', (body) => ({ body, isChunked: true })],
  ['as identity', (body) => ({ body, headers: { 'content-encoding': 'identity' } })],
  ...Object.entries(PACKERS).flatMap(([encoding, pack]): [string, (body: Buffer) => RawRequest][] => [
    [`as ${encoding}`, (body) => ({ body: pack(body), headers: { 'content-encoding': encoding } })],
    [`as ${encoding} in chunks`, (body) => ({ body: pack(body), isChunked: true, headers: { 'content-encoding': encoding } })],
  ]),
];
const portOf = (url: string) => Number(new URL(url).port);
const ask = async (port: number, request: RawRequest) => {
  const answer = answersIn(await exchange(port, bytesOf(request)))[0];
  return { status: answer?.status, headers: answer?.headers, ...JSON.parse(answer?.body ?? '{}') };
};

test('a body of as many bytes as allowed is read, and one of one more is refused, however it is sent', async () => {
  const world = await aGateway();
  const ports = [world.url, await listen(world.app.slowListener)].map(portOf);
  for (const port of ports) {
    for (const [form, requestOf] of FORMS) {
      const [fits, beyond] = [await ask(port, requestOf(bodyOf(MAX))), await ask(port, requestOf(bodyOf(MAX + 1)))];
      expect([form, fits.status, fits.data]).toEqual([form, 200, { __typename: 'Query' }]);
      expect([form, beyond.status, beyond.errors[0].extensions, beyond.data]).toEqual([
        form,
        413,
        { code: 'PAYLOAD_TOO_LARGE' },
        undefined,
      ]);
      expect(beyond.errors[0].message).toContain('100,000 bytes');
      expect(beyond.headers).toMatchObject({
        'content-type': 'application/json; charset=utf-8',
        'x-request-id': 'mine',
        'cache-control': 'no-store',
      });
    }
  }
  expect(await limitsMet(world)).toEqual([`body refused: ${2 * FORMS.length}`]);
});

test('a body that is watched, or off, passes, and is counted where it is watched', async () => {
  for (const [mode, met] of [
    ['watch', [`body watched: ${FORMS.length}`]],
    ['off', []],
  ] as const) {
    const world = await aGateway({ modes: { ...WITHOUT_RATES, body: mode } });
    for (const [form, requestOf] of FORMS)
      expect([mode, form, (await ask(portOf(world.url), requestOf(bodyOf(MAX + 1)))).status]).toEqual([mode, form, 200]);
    expect(await limitsMet(world)).toEqual(met);
  }
});

test('little that becomes much is refused as soon as it is too much', async () => {
  const { url } = await aGateway();
  const much = Buffer.alloc(200_000_000, ' ');
  for (const [encoding, pack] of [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', (body: Buffer) => brotliCompressSync(body, { params: { 1: 1 } })],
  ] as const) {
    const body = pack(much);
    expect(body.length).toBeLessThan(1_000_000);
    const before = process.memoryUsage().rss;
    const start = performance.now();
    const answer = await ask(portOf(url), { body: body.subarray(0, 90_000), headers: { 'content-encoding': encoding } });
    expect([encoding, answer.status]).toEqual([encoding, 413]);
    expect(performance.now() - start).toBeLessThan(500);
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
  }
});

const BODY = bodyOf(2000);
const gzipped = gzipSync(BODY);
const BROKEN: [string, number, string, RawRequest][] = [
  ['cut off', 400, 'BAD_REQUEST', { body: gzipped.subarray(0, -10), headers: { 'content-encoding': 'gzip' } }],
  ['cut off, as br', 400, 'BAD_REQUEST', { body: brotliCompressSync(BODY).subarray(0, -5), headers: { 'content-encoding': 'br' } }],
  [
    'with another checksum',
    400,
    'BAD_REQUEST',
    { body: Buffer.concat([gzipped.subarray(0, -8), Buffer.alloc(8)]), headers: { 'content-encoding': 'gzip' } },
  ],
  ['not compressed at all', 400, 'BAD_REQUEST', { body: BODY, headers: { 'content-encoding': 'gzip' } }],
  ['compressed otherwise', 400, 'BAD_REQUEST', { body: gzipped, headers: { 'content-encoding': 'br' } }],
  ['without the frame of zlib', 400, 'BAD_REQUEST', { body: deflateRawSync(BODY), headers: { 'content-encoding': 'deflate' } }],
  ['compressed and empty', 400, 'BAD_REQUEST', { body: '', headers: { 'content-encoding': 'gzip' } }],
  ['that does not say that it is compressed', 400, 'BAD_REQUEST', { body: gzipped }],
  ['in an encoding that is not known', 415, 'UNSUPPORTED_MEDIA_TYPE', { body: BODY, headers: { 'content-encoding': 'zstd' } }],
  [
    'in one that is a property of every object',
    415,
    'UNSUPPORTED_MEDIA_TYPE',
    { body: BODY, headers: { 'content-encoding': 'constructor' } },
  ],
  ['compressed twice', 415, 'UNSUPPORTED_MEDIA_TYPE', { body: gzipSync(gzipped), headers: { 'content-encoding': 'gzip, gzip' } }],
  ['compressed twice, and said once', 400, 'BAD_REQUEST', { body: gzipSync(gzipped), headers: { 'content-encoding': 'gzip' } }],
];

test('a body that cannot be read is answered with a code of its own, and nothing else suffers', async () => {
  const { url, logged } = await aGateway();
  for (const [kind, status, code, request] of BROKEN) {
    const answer = await ask(portOf(url), request);
    expect([kind, answer.status, answer.errors[0].extensions.code, answer.data]).toEqual([kind, status, code, undefined]);
    expect([kind, (await ask(portOf(url), { body: BODY })).status]).toEqual([kind, 200]);
  }
  expect(logged).toEqual([]);
});

const LONG = 8_000_000;
const noise = Buffer.from(times(65_536, (i) => (i * 2_654_435_761) >>> 24));
const chunked = (body: Buffer) => Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')]);
const pieces = times(LONG / noise.length, () => noise);
/** What does not shrink, and so is long before it is unpacked and after. */
const stored = gzipSync(Buffer.concat(pieces), { level: 0 });
const parts = times(Math.ceil(stored.length / 65_536), (i) => stored.subarray(i * 65_536, (i + 1) * 65_536));

test.each([
  ['with its length', `content-length: ${pieces.length * noise.length}`, pieces],
  ['in chunks', 'transfer-encoding: chunked', pieces.map(chunked)],
  ['as gzip with a small length', `content-length: ${stored.length}\r\ncontent-encoding: gzip`, parts],
  ['as gzip in chunks', 'transfer-encoding: chunked\r\ncontent-encoding: gzip', parts.map(chunked)],
])('a client that sends a long body to its end, %s, reads the refusal, on a connection that it keeps or not', async (_, lines, chunks) => {
  const { url } = await aGateway();
  for (const connection of ['keep-alive', 'close']) {
    const head = `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: ${connection}\r\n${lines}\r\n\r\n`;
    const { received, error, sent } = await sendThenRead(portOf(url), { head, chunks });
    expect([connection, received.slice(0, 12)], `${error?.code} after ${sent} bytes`).toEqual([connection, 'HTTP/1.1 413']);
    expect(answersIn(received)[0]?.body).toContain('PAYLOAD_TOO_LARGE');
  }
});

test('a connection serves on after a refusal, once its body has come', async () => {
  const { url } = await aGateway();
  const requests = [
    bytesOf({ body: bodyOf(3_000_000), headers: { connection: 'keep-alive' } }),
    bytesOf({ body: bodyOf(3_000_000), isChunked: true, headers: { connection: 'keep-alive' } }),
    bytesOf({ body: gzipSync(bodyOf(3_000_000), { level: 0 }), headers: { connection: 'keep-alive', 'content-encoding': 'gzip' } }),
    bytesOf({ body: gzipSync(bodyOf(MAX + 1)), headers: { connection: 'keep-alive', 'content-encoding': 'gzip' } }),
    bytesOf({ body: BODY, headers: { connection: 'keep-alive', 'content-encoding': 'zstd' } }),
    bytesOf({ body: gzipped.subarray(0, -10), headers: { connection: 'keep-alive', 'content-encoding': 'gzip' } }),
    bytesOf({ body: BODY, headers: { connection: 'keep-alive', 'content-type': 'text/plain' } }),
    bytesOf({ body: BODY }),
  ];
  const received = await exchange(portOf(url), Buffer.concat(requests));
  expect(answersIn(received).map(({ status }) => status)).toEqual([413, 413, 413, 413, 415, 400, 403, 200]);
});

test('much that unpacks to nothing is too long as well, and what comes behind the end of a body is thrown away', async () => {
  const { url } = await aGateway();
  const headers = { connection: 'keep-alive', 'content-encoding': 'gzip' };
  const empty = gzipSync('');
  const nothing = Buffer.concat(times(100_000, () => empty));
  const endless = bytesOf({ body: Buffer.concat([gzipped, nothing]), isChunked: true, headers });
  const trailed = bytesOf({ body: Buffer.concat([gzipped, Buffer.alloc(8_000_000)]), isChunked: true, headers });
  const last = bytesOf({ body: BODY });
  expect(answersIn(await exchange(portOf(url), Buffer.concat([endless, last]))).map(({ status }) => status)).toEqual([413, 200]);
  const [first, second] = answersIn(await exchange(portOf(url), Buffer.concat([trailed, last])));
  expect([[200, 400, 413], second?.status]).toEqual([expect.arrayContaining([first?.status]), 200]);
});

test('a client that sends slowly keeps nobody waiting, and one that goes away leaves nothing behind', async () => {
  const { url, logged } = await aGateway();
  const slow = times(20, () => {
    const socket = connect(portOf(url), '127.0.0.1').on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    socket.write(`POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n`);
    socket.write(BODY.subarray(0, 1000));
    return socket;
  });
  await wait(100);
  const start = performance.now();
  for (let i = 0; i < 5; i++) expect((await ask(portOf(url), { body: BODY })).status).toBe(200);
  expect(performance.now() - start).toBeLessThan(1000);
  const [last, ...others] = slow;
  for (const socket of others) socket.destroy();
  last?.write(BODY.subarray(1000));
  const [data] = await once(last as never, 'data');
  expect(String(data)).toContain('"__typename":"Query"');
  expect(logged).toEqual([]);
});

test('fifty clients that send 20 MB each, in every form, are refused while the memory stays bounded', async () => {
  const { url } = await anApp({ isSeeded: false });
  const port = portOf(url);
  const before = process.memoryUsage().rss;
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss - before);
  }, 5);
  const heads = ['content-length: 20000000', 'transfer-encoding: chunked', 'transfer-encoding: chunked\r\ncontent-encoding: gzip'];
  const answers = await Promise.all(
    times(50, async (i) => {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined);
      onTestFinished(() => void socket.destroy());
      let received = '';
      socket.setEncoding('utf8').on('data', (data) => {
        received += data;
      });
      socket.write(`POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${heads[i % 3]}\r\n\r\n`);
      const body = i % 3 === 0 ? noise : chunked(i % 3 === 1 ? noise : (parts[0] as Buffer));
      for (let sent = 0; sent < 20_000_000 && !received && !socket.destroyed; sent += body.length)
        if (!socket.write(body)) await roomIn(socket);
      await until(() => received !== '' || socket.destroyed, 'an answer');
      return received.slice(9, 12);
    }),
  );
  clearInterval(watch);
  // The third kind is no gzip behind its first piece.
  for (const [i, status] of answers.entries())
    expect([i % 3, status]).toEqual([i % 3, i % 3 === 2 ? expect.stringMatching(/^4(13|00)$/) : '413']);
  expect(most).toBeLessThan(150_000_000);
});
