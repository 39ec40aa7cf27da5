// Answers that are written to a socket where there is no request of node:http's to answer: it was not read, or could not be.

import { STATUS_CODES } from 'node:http';
import { type ClientError, refusalOf } from '../errors.ts';
import { NOBODY } from './client.ts';
import { type Cors, isPreflight } from './cors.ts';
import { securityHeaders } from './security-headers.ts';

/** The bytes of an answer after which the connection is closed. */
export type RawAnswer = { head: string; body: string };

/** What the head of a request may take, in bytes. */
export const MAX_HEAD_BYTES = 16_384;
/** Where the value goes into the answer: names of header fields, with commas between them. */
const NAMES = /^[\w!#$%&'*+.^`|~, -]*$/;

export function rawAnswer(status: number, headers: Readonly<Record<string, string>>, content?: object): RawAnswer {
  const body = content === undefined ? '' : JSON.stringify(content);
  const all = {
    ...securityHeaders(NOBODY),
    ...headers,
    ...(content !== undefined && {
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
    }),
    connection: 'close',
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return { head: `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n`, body };
}

/** A refusal, with the headers by which a page may read it. */
export function rawRefusal(error: ClientError, cors: Readonly<Record<string, string>> = {}): RawAnswer {
  const { status, headers, body } = refusalOf(error);
  return rawAnswer(status, { ...cors, ...headers }, body);
}

/**
 * What can be told of a request by the bytes that have come of its head. Whatever they are, only an origin that is listed comes back
 * from `cors`, and a line that is not there as a whole does not count.
 */
export function peekAt(bytes: Buffer | undefined, cors: Cors) {
  const come = bytes?.toString('latin1', 0, MAX_HEAD_BYTES) ?? '';
  const end = come.indexOf('\r\n\r\n');
  // With the end of its last line.
  const head = end < 0 ? come : come.slice(0, end + 2);
  const fields = fieldsOf(head);
  const names = fields.get('access-control-request-headers');
  const request = {
    method: /^[A-Z]+(?= )/.exec(head)?.[0],
    headers: {
      origin: fields.get('origin'),
      'access-control-request-method': fields.get('access-control-request-method'),
      'access-control-request-headers': names !== undefined && NAMES.test(names) ? names : undefined,
    },
  };
  return { line: head.slice(0, head.indexOf('\r\n') + 2), cors: cors(request), isPreflight: isPreflight(request) };
}

/** The header fields by their names in small letters, the first of a name; only lines that have ended. No pattern: each could be slow. */
function fieldsOf(head: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of head.split('\r\n').slice(1, -1)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (colon > 0 && !fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
  }
  return fields;
}
