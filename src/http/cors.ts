import type { IncomingMessage } from 'node:http';

/** What a page's script may read of an answer beside the few headers that it always may. */
const EXPOSED_HEADERS = [
  'Allow',
  'ETag',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'Server-Timing',
  'X-Cache',
  'X-Convoy-LSN',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'X-Request-Id',
].join(', ');
const MAX_AGE_SECONDS = 86_400;

/** The headers by which a browser lets a page read the answer to a request, under small names. */
export type Cors = (req: Pick<IncomingMessage, 'method' | 'headers'>) => Readonly<Record<string, string>>;

/**
 * Lets pages of the listed origins read answers, and no others. An origin is compared as it is, so that `null`, which sandboxed pages
 * have, is not one. Tokens travel in a header that a page sets itself: credentials of the browser are not let through.
 */
export function createCors(origins: readonly string[]): Cors {
  const allowed = new Set(origins);
  return ({ method, headers }): Record<string, string> => {
    const { origin } = headers;
    if (origin === undefined || !allowed.has(origin)) return {};
    if (!isPreflight({ method, headers }))
      return { 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED_HEADERS };
    return {
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, HEAD, POST',
      'access-control-allow-headers': headers['access-control-request-headers'] ?? 'content-type',
      'access-control-max-age': String(MAX_AGE_SECONDS),
    };
  };
}

/**
 * Whether a browser asks whether a page may send a request: https://fetch.spec.whatwg.org/#cors-preflight-request. Browsers send it without
 * a body; what has one is another request.
 */
export const isPreflight = ({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean =>
  method === 'OPTIONS' &&
  headers.origin !== undefined &&
  headers['access-control-request-method'] !== undefined &&
  headers['transfer-encoding'] === undefined &&
  (headers['content-length'] ?? '0') === '0';
