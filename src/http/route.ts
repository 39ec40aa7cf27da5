import type { IncomingMessage } from 'node:http';
import { ClientError, METHODS, MethodNotAllowed } from '../errors.ts';
import { acceptedBy } from './media-type.ts';

/** An answer without a body. */
export type Bodiless = { status: 204 | 307; headers: Readonly<Record<string, string>> };

export type RouteOptions = {
  /** The path of GraphQL. */
  endpoint: string;
  /** Whether a path is one of the playground's files; undefined where there is no playground. */
  isFile: ((path: string) => boolean) | undefined;
};

/** Browsers ask for an icon by themselves, again after this time. */
const ICON = { path: '/favicon.ico', maxAgeSeconds: 86_400 };

const NO_WEBSOCKETS =
  'WebSockets are not supported. Send the subscription by POST or GET with the header accept: text/event-stream, and read server-sent events.';

/**
 * Tells what becomes of a request by its head: undefined for what GraphQL or the playground answers, else the refusal or the answer. The
 * paths are exact: Yoga takes whatever ends like its path for its own, `/health?x=/graphql` too, and reads `/x/../graphql` as its path.
 */
export function createRoute({ endpoint, isFile }: RouteOptions) {
  return ({ method = '', url = '/', headers, httpVersion }: IncomingMessage): ClientError | Bodiless | undefined => {
    // RFC 9112, 3.2: who sends none gets 400, which node:http would answer without a body.
    if (headers.host === undefined && httpVersion === '1.1') return new ClientError('BAD_REQUEST', 'The request has no Host header.');
    const path = pathOf(url);
    const reads = method === 'GET' || method === 'HEAD';
    if (path !== endpoint) {
      if (reads && isFile?.(path)) return undefined;
      const leadsToPage = reads && isFile && (path === '/' || path === `${endpoint}/`) && acceptedBy(headers.accept).page;
      if (leadsToPage)
        return {
          status: 307,
          headers: { location: endpoint + url.slice(path.length), 'cache-control': 'no-store', 'content-length': '0' },
        };
      if (reads && path === ICON.path) return { status: 204, headers: { 'cache-control': `public, max-age=${ICON.maxAgeSeconds}` } };
      return new ClientError('NOT_FOUND', `Not found. The GraphQL endpoint is ${endpoint}.`);
    }
    if (method === 'OPTIONS') return { status: 204, headers: { allow: METHODS } };
    if (!reads && method !== 'POST') return new MethodNotAllowed();
    if (/\bwebsocket\b/i.test(headers.upgrade ?? '')) return new ClientError('BAD_REQUEST', NO_WEBSOCKETS);
    return undefined;
  };
}

/** The path of a URL without its host. */
export function pathOf(url: string): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}

/** Whether browsers send a request by themselves: a preflight, or for an icon. It is no work of a client's. */
export const isBrowsersOwn = ({ method, path }: { method: string; path: string }): boolean =>
  method === 'OPTIONS' || ((method === 'GET' || method === 'HEAD') && path === ICON.path);
