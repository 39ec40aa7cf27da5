// HTTP as bytes: what fetch would not send, and answers as they come.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { onTestFinished } from 'vitest';
import type { App } from '../../src/app.ts';

export type RawRequest = {
  method?: string;
  target?: string;
  headers?: Record<string, string | undefined>;
  body?: string | Buffer;
  isChunked?: boolean;
};
export type RawAnswer = { status: number; headers: Record<string, string>; body: string };

/** The bytes of a request that ends its connection. Headers that are undefined are left out. */
export function bytesOf({ method = 'POST', target = '/graphql', headers = {}, body = '', isChunked = false }: RawRequest): Buffer {
  const content = Buffer.from(body);
  const all: Record<string, string | undefined> = {
    host: 'localhost',
    connection: 'close',
    'x-request-id': 'mine',
    ...(method === 'GET' || method === 'HEAD' || method === 'OPTIONS' ? {} : { 'content-type': 'application/json' }),
    ...(isChunked
      ? { 'transfer-encoding': 'chunked' }
      : content.length > 0 || method === 'POST'
        ? { 'content-length': String(content.length) }
        : {}),
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : `${name}: ${value}\r\n`));
  const half = content.length >> 1;
  const chunks = [content.subarray(0, half), content.subarray(half)].filter(({ length }) => length > 0);
  return Buffer.concat([
    Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`),
    ...(isChunked
      ? [
          ...chunks.flatMap((chunk) => [Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]),
          Buffer.from('0\r\n\r\n'),
        ]
      : [content]),
  ]);
}

/** Sends bytes, and returns all that comes until the server ends the connection, or a stream on it: Yoga's streams leave it open. */
export async function exchange(port: number, bytes: Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  socket.setTimeout(10_000, () => socket.destroy(new Error('No answer.')));
  socket.write(bytes);
  let received = '';
  for await (const data of socket.setEncoding('utf8')) {
    received += data;
    if (received.endsWith('\r\n0\r\n\r\n')) break;
  }
  return received;
}

/** The answers that bytes hold, one behind the other. */
export function answersIn(received: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = Buffer.from(received);
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n');
    const [first = '', ...lines] = rest.subarray(0, end).toString().split('\r\n');
    rest = rest.subarray(end + 4);
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
    );
    const status = Number(first.split(' ')[1]);
    if (status === 100) continue;
    let body = '';
    if (headers['transfer-encoding'] === 'chunked') {
      for (let size = -1; size !== 0; ) {
        const line = rest.indexOf('\r\n');
        size = Number.parseInt(rest.subarray(0, line).toString(), 16) || 0;
        body += rest.subarray(line + 2, line + 2 + size);
        rest = rest.subarray(line + 2 + size + 2);
      }
    } else {
      const length = status === 304 || status === 204 ? 0 : Number(headers['content-length'] ?? 0);
      body = rest.subarray(0, length).toString();
      rest = rest.subarray(length);
    }
    answers.push({ status, headers, body });
  }
  return answers;
}

/** A server that has no lane: Yoga takes every request. */
export async function listenWithoutLane(app: App): Promise<number> {
  const server = createServer(app.slowListener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
