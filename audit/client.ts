// HTTP over sockets, without the manners of an HTTP client: what is sent is what the check says.

import { connect } from 'node:net';
import type { Gateway } from '../harness/gateway.ts';

export type Sent = {
  method?: string;
  target?: string;
  /** Those that are undefined are left out, also `content-type` and `content-length`. */
  headers?: Record<string, string | undefined>;
  body?: string | Buffer;
  isChunked?: boolean;
  /** How long an answer may take, in milliseconds. Default 10000. */
  timeoutMs?: number;
};

export type AnswerError = { message: string; path?: unknown[]; extensions: { code?: string; limit?: { name: string } } };

export type Answer = {
  status: number;
  /** Under small names. */
  headers: Record<string, string>;
  body: string;
  /** From the first byte that was sent to the last that came, in milliseconds. */
  ms: number;
  /** The codes of the errors. */
  codes: string[];
  errors: AnswerError[];
  /** What JSON the body is; undefined for other bodies. */
  json: unknown;
};

const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n');

/** Sends a request that ends its connection, and waits for the answer. */
export async function send({ port }: Pick<Gateway, 'port'>, sent: Sent): Promise<Answer> {
  const { timeoutMs = 10_000 } = sent;
  const start = performance.now();
  const received = await new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1');
    const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      // Behind a stream of events the connection is left open for a while.
      if (Buffer.concat(chunks.slice(-2)).subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)) socket.destroy();
    });
    // A refusal may come, and the connection end, while the body is still being sent.
    socket.on('error', (error) => (chunks.length > 0 ? undefined : reject(error)));
    socket.on('close', () => {
      clearTimeout(timer);
      if (chunks.length > 0) resolve(Buffer.concat(chunks));
      else reject(new Error('the connection ended without an answer'));
    });
    socket.write(bytesOf(sent));
  });
  return { ...parsed(received), ms: Math.round(performance.now() - start) };
}

/** The bytes of a request. */
export function bytesOf({ method = 'POST', target = '/graphql', headers = {}, body = '', isChunked = false }: Sent): Buffer {
  const content = Buffer.from(body);
  const hasBody = method === 'POST' || content.length > 0;
  const length = isChunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(content.length) };
  const all: Record<string, string | undefined> = {
    host: 'localhost',
    connection: 'close',
    ...(hasBody ? { 'content-type': 'application/json', ...length } : {}),
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : `${name}: ${value}\r\n`));
  const head = Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`);
  if (!isChunked) return Buffer.concat([head, content]);
  const chunk = content.length > 0 ? [Buffer.from(`${content.length.toString(16)}\r\n`), content, Buffer.from('\r\n')] : [];
  return Buffer.concat([head, ...chunk, Buffer.from('0\r\n\r\n')]);
}

function parsed(received: Buffer): Omit<Answer, 'ms'> {
  const end = received.indexOf('\r\n\r\n');
  const [first = '', ...lines] = received.subarray(0, end).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const rest = received.subarray(end + 4);
  const body = (headers['transfer-encoding'] === 'chunked' ? unchunked(rest) : rest).toString();
  return { status: Number(first.split(' ')[1]), headers, ...understood(body), body };
}

/** What a body says, where it is JSON of a GraphQL server. */
export function understood(body: string): Pick<Answer, 'json' | 'errors' | 'codes'> {
  let json: unknown;
  try {
    // A stream of events has it line by line.
    json = JSON.parse(/^data: (.+)$/m.exec(body)?.[1] ?? body);
  } catch {
    // A page, or nothing.
  }
  const results = (Array.isArray(json) ? json : [json]) as ({ errors?: AnswerError[] } | null | undefined)[];
  const errors = results.flatMap((result) => (Array.isArray(result?.errors) ? result.errors : []));
  return { json, errors, codes: errors.map(({ extensions }) => extensions?.code ?? 'none') };
}

function unchunked(bytes: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const line = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.subarray(at, line).toString(), 16) || 0;
    if (line < 0 || size === 0) break;
    chunks.push(bytes.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
  return Buffer.concat(chunks);
}
