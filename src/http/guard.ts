// What stands before GraphQL: who asks, how often, from where, and how much they send. A request that is refused here costs no more
// than its head and, where it has one, the bounded body.

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { MaybePromise } from '../batching/maybe-promise.ts';
import { ClientError, refusalOf } from '../errors.ts';
import { tolerantObserver } from '../gateway/http/tolerant-observer.ts';
import { setTimeoutAfterPoll } from '../gateway/timeout-after-poll.ts';
import type { Limits } from '../limits/limits.ts';
import type { Log } from '../log.ts';
import { requestIdFrom } from '../plugins/use-request-id.ts';
import type { RequestLimits } from '../rate-limit/request-limits.ts';
import { type Client, NOBODY } from './client.ts';
import { type Cors, isPreflight } from './cors.ts';
import { CROSS_SITE_ADVICE, isSimpleCrossSite } from './cross-site.ts';
import { withoutStreams } from './media-type.ts';
import { isProbe } from './operator.ts';
import { readBody } from './read-body.ts';
import { addError, createRequestRecord, observeRequest, type RequestObserver, type RequestRecord } from './request-record.ts';
import { createRoute, pathOf } from './route.ts';
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
  const route = createRoute({ endpoint, isFile });
  const watching = observers.map((observer) => tolerantObserver(observer, log));
  const readAtMost = limits.modeOf('body') === 'enforce' ? maxBodyBytes : MAX_UNENFORCED_BYTES;

  return (req, res) => {
    const requestId = requestIdFrom(req.headers['x-request-id']);
    // Whatever is made of the request later has the same.
    req.headers['x-request-id'] = requestId;
    req.url = originForm(req.url);
    const record = createRequestRecord({ requestId, method: req.method ?? '', path: pathOf(req.url), trace: traceContextOf(req.headers) });
    observeRequest(req, res, record, watching);
    const call: Call = { client: NOBODY, headers: { ...securityHeaders(NOBODY), ...cors(req) }, body: undefined, record };
    guard(req, res, call).catch((error) => {
      log.error({ err: error, requestId }, 'a request failed before it had an answer');
      if (res.headersSent) res.destroy();
      else refuse(req, res, call, new ClientError('INTERNAL_SERVER_ERROR', 'Something went wrong in the gateway.', { requestId }));
    });
  };

  async function guard(req: IncomingMessage, res: ServerResponse, call: Call): Promise<void> {
    const { record } = call;
    const asksFirst = isPreflight(req);
    // A preflight says nothing of a client: browsers send no token with it, and to read one would be work that no limit counts.
    if (asksFirst) delete req.headers.authorization;
    const found = clientOf(req);
    const client = found instanceof Promise ? await found : found;
    record.client = client;
    call.client = client;
    // For operators alone, who are known by their network: no page reads it, whatever its origin.
    if (isProbe(record)) {
      call.headers = { ...securityHeaders(client) };
      return next(req, res, call);
    }
    call.headers = { ...securityHeaders(client), ...cors(req) };
    // Not counted, nor refused: a page that may not ask learns neither the status nor the headers of the answer. It costs no more than to
    // read its head, which a refusal would cost too.
    if (asksFirst) return end(res, call, 204);

    const counted = requestLimits.count(client.key);
    const { headers, refusal } = counted instanceof Promise ? await counted : counted;
    Object.assign(call.headers, headers);
    if (refusal) return refuse(req, res, call, refusal);
    const routed = route(req);
    if (routed instanceof ClientError) return refuse(req, res, call, routed);
    if (routed) return end(res, call, routed.status, routed.headers);
    // node:http knows that it must not send a body to HEAD; everybody else answers it as GET. A stream would have no end.
    if (req.method === 'HEAD') {
      req.method = 'GET';
      req.headers.accept = withoutStreams(req.headers.accept);
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
      return new ClientError('UNSUPPORTED_MEDIA_TYPE', 'The body has a content encoding that is not supported. Send gzip, deflate or br.');
    if (why === 'unreadable') return new ClientError('BAD_REQUEST', 'The body cannot be decompressed.');
    return new ClientError('PAYLOAD_TOO_LARGE', `The body is longer than ${readAtMost.toLocaleString('en')} bytes, which is the most.`);
  }

  function end(res: ServerResponse, call: Call, status: number, headers: Readonly<Record<string, string>> = {}): void {
    res.writeHead(status, { ...call.headers, 'x-request-id': call.record.requestId, ...headers }).end();
  }

  function refuse(req: IncomingMessage, res: ServerResponse, call: Call, error: ClientError): void {
    const { status, headers, body: content } = refusalOf(error);
    addError(call.record, String(error.extensions.code));
    const body = JSON.stringify(content);
    res.writeHead(status, {
      ...call.headers,
      ...headers,
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
      'x-request-id': call.record.requestId,
    });
    // Nothing is written where the method was HEAD: node:http remembers.
    res.write(body);
    if (req.complete) {
      res.end();
      return;
    }
    // node:http may close the connection when the answer ends, which a client that is still sending would not read then.
    const end = () => {
      timeout.cancel();
      res.end();
    };
    const cut = () => {
      res.end();
      if (!req.complete) req.destroy();
    };
    const timeout = setTimeoutAfterPoll(cut, LINGER_MS, { isRef: false });
    req.once('end', end).once('close', end).resume();
  }
}

/** Clients may send a whole URL (RFC 9112, 3.2.2), with a password before the host. */
const originForm = (url = '/') => (url.startsWith('/') ? url : url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '') || '/');
