import type { IncomingMessage } from 'node:http';
import { typeOf } from './media-type.ts';

/** What a page of any site can send without asking: https://fetch.spec.whatwg.org/#cors-safelisted-request-header. */
const SIMPLE_TYPES: readonly string[] = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'];

/** A browser asks before it sends one of these. The first two are what Apollo's clients send. */
const HEADERS = ['x-apollo-operation-name', 'apollo-require-preflight', 'x-requested-with'] as const;

/**
 * Whether a page of another site could have made a browser send this request without asking: a POST that a form can send. GET requests
 * change nothing; the answer to them is kept from other sites by the browser.
 */
export function isSimpleCrossSite({ method, headers }: IncomingMessage): boolean {
  if (method !== 'POST') return false;
  const type = headers['content-type'];
  // A script sends no type at all with a Blob that has none.
  if (type !== undefined && !SIMPLE_TYPES.includes(typeOf(type).type)) return false;
  return !HEADERS.some((name) => headers[name]);
}

export const CROSS_SITE_ADVICE = `Send the operation as application/json, or add one of these headers: ${HEADERS.join(', ')}.`;
