// What stands before GraphQL: who asks, how often, from where, and how much they send. A request that is refused here costs no more
// than its head and, where it has one, the bounded body.

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { MaybePromise } from '../batching/maybe-promise.ts';
import { ClientError } from '../errors.ts';
import { tolerantObserver } from '../gateway/http/tolerant-observer.ts';
import type { Limits } from '../limits/limits.ts';
import type { Log } from '../log.ts';
import { requestIdFrom } from '../plugins/use-request-id.ts';
import type { RequestLimits } from '../rate-limit/request-limits.ts';
import type { Client } from './client.ts';
import type { Cors } from './cors.ts';
import { CROSS_SITE_ADVICE, isSimpleCrossSite } from './cross-site.ts';
import { isProbe } from './operator.ts';
import { readBody } from './read-body.ts';
import { addError, createRequestRecord, observeRequest, type RequestObserver, type RequestRecord } from './request-record.ts';
import { securityHeaders } from './security-headers.ts';
import { traceContextOf } from './trace-context.ts';

/** A request that was let in. */
export type Call = {
  client: Client;
  /** What its answer carries whatever it is, under small names. More may be added until it is written. */
  headers: Record<string, string>;
  /** The whole body of a POST, decompressed. */
  body: Buffer | undefined;
  /** What is known of the request so far. */
  record: RequestRecord;
};

/** Answers a request that was let in. */
export type Guarded = (req: IncomingMessage, res: ServerResponse, call: Call) => MaybePromise<void>;

export type GuardOptions = {
  /** The path of GraphQL. */
  endpoint: string;
  /** What else is served, beside what operators ask. Default nothing. */
  isFile?: (path: string) => boolean;
  clientOf: (req: IncomingMessage) => MaybePromise<Client>;
  requestLimits: RequestLimits;
  limits: Limits;
  /** Whose pages may read answers. */
  cors: Cors;
  /** The longest body, decompressed, in bytes. Default 1,000,000. */
  maxBodyBytes?: number;
  /** Told of every request. Default none. */
  observers?: readonly RequestObserver[];
  log: Log;
};

/** Where the limit of bodies is off or watched, this still bounds what a request takes of the memory. */
const MAX_UNENFORCED_BYTES = 25_000_000;

/** How long what still comes of a refused body is thrown away, so that its client reads the answer, before the connection is cut. */
const LINGER_MS = 1000;

/** A listener that lets requests through to `next`, or answers why it does not. */
export function createGuard(
  { endpoint, isFile, clientOf, requestLimits, limits, cors, log, observers = [], maxBodyBytes = 1_000_000 }: GuardOptions,
  next: Guarded,
): RequestListener {
  const watching = observers.map((observer) => tolerantObserver(observer, log));
  const readAtMost = limits.modeOf('body') === 'enforce' ? maxBodyBytes : MAX_UNENFORCED_BYTES;

  return (req, res) => {
    const requestId = requestIdFrom(req.headers['x-request-id']);
    // Whatever is made of the request later has the same.
    req.headers['x-request-id'] = requestId;
    req.url = originForm(req.url);
    const record = createRequestRecord({ requestId, method: req.method ?? '', path: pathOf(req), trace: traceContextOf(req.headers) });
    observeRequest(req, res, record, watching);
    guard(req, res, record).catch((error) => {
      log.error({ err: error, requestId }, 'a request failed before it had an answer');
      if (!res.headersSent) record.status = 500;
      res.destroy();
    });
  };

  async function guard(req: IncomingMessage, res: ServerResponse, record: RequestRecord): Promise<void> {
    const found = clientOf(req);
    const client = found instanceof Promise ? await found : found;
    const call: Call = { client, headers: { ...securityHeaders(client) }, body: undefined, record };
    record.client = client;
    if (isProbe(record)) return next(req, res, call);

    const counted = requestLimits.count(client.key);
    const { headers, refusal } = counted instanceof Promise ? await counted : counted;
    call.headers = { ...call.headers, ...cors(req), ...headers };
    if (refusal) return refuse(req, res, call, refusal);
    // Yoga takes whatever ends like its path for its own, `/health?x=/graphql` too, and reads `/x/../graphql` as its path. So that what is
    // counted, bounded and logged here is what it answers, nothing but the very path comes to it.
    if (record.path !== endpoint && !(record.method === 'GET' && isFile?.(record.path)))
      return refuse(req, res, call, new ClientError('NOT_FOUND', `There is nothing at this address: ask ${endpoint}.`));
    if (req.method === 'OPTIONS' && req.headers['access-control-request-method'] !== undefined) {
      res.writeHead(204, { ...call.headers, 'x-request-id': record.requestId }).end();
      return;
    }
    if (isSimpleCrossSite(req))
      return refuse(req, res, call, new ClientError('CROSS_SITE_REQUEST', `A page of any site could have sent this. ${CROSS_SITE_ADVICE}`));
    if (req.method === 'POST') {
      const body = await readBody(req, readAtMost);
      if (body === 'gone') return;
      if (body === 'too large') limits.isRefused('body');
      if (typeof body === 'string') return refuse(req, res, call, refusalOfBody(body));
      if (body.length > maxBodyBytes && limits.isRefused('body')) return refuse(req, res, call, refusalOfBody('too large'));
      // Whoever reads the request now finds its body as it was before it was compressed.
      delete req.headers['content-encoding'];
      call.body = body;
    }
    return next(req, res, call);
  }

  function refusalOfBody(why: 'too large' | 'unknown encoding' | 'unreadable'): ClientError {
    if (why === 'unknown encoding')
      return new ClientError('UNSUPPORTED_MEDIA_TYPE', 'The body is compressed in a way that is not known: send gzip, deflate or br.');
    if (why === 'unreadable') return new ClientError('BAD_REQUEST', 'The body cannot be decompressed.');
    return new ClientError('PAYLOAD_TOO_LARGE', `The body is longer than ${readAtMost.toLocaleString('en')} bytes, which is the most.`);
  }

  function refuse(req: IncomingMessage, res: ServerResponse, call: Call, error: ClientError): void {
    const { http, ...extensions } = error.extensions as { code: string; http: { status: number; headers?: Record<string, string> } };
    addError(call.record, extensions.code);
    const body = JSON.stringify({ errors: [{ message: error.message, extensions }] });
    res.writeHead(http.status, {
      ...call.headers,
      ...http.headers,
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
      'x-request-id': call.record.requestId,
    });
    if (req.method !== 'HEAD') res.write(body);
    if (req.complete) {
      res.end();
      return;
    }
    // node:http may close the connection when the answer ends, which a client that is still sending would not read then.
    const end = () => {
      clearTimeout(timer);
      res.end();
    };
    const timer = setTimeout(() => {
      res.end();
      if (!req.complete) req.destroy();
    }, LINGER_MS).unref();
    req.once('end', end).once('close', end).resume();
  }
}

/** Clients may send a whole URL (RFC 9112, 3.2.2), with a password before the host. */
const originForm = (url = '/') => (url.startsWith('/') ? url : url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '') || '/');

function pathOf({ url = '/' }: IncomingMessage): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}
