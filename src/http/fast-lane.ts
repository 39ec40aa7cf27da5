// The way of ordinary requests, those that carry one operation and get one answer as JSON. Yoga's own way makes streams and Fetch
// objects of them, which costs as much as the execution. Here the socket's bytes become parameters, Yoga's operation pipeline with
// all its plugins runs, and the answer is written once. Whatever is not ordinary, before or after the execution, goes to Yoga, which
// answers as it does without this lane: other methods, paths and media types, bodies that are no JSON, and results with errors.
// An answer that visitors share is found before anything is parsed.

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type CORSOptions, getCORSHeadersByRequestAndOptions } from '@whatwg-node/server';
import type { ExecutionResult } from 'graphql';
import type { Plugin, YogaServerInstance } from 'graphql-yoga';
import { Dependencies } from '../batching/dependencies.ts';
import { ClientError } from '../errors.ts';
import type { Log } from '../log.ts';
import { requestIdOf } from '../plugins/use-request-id.ts';
import type { ResponseCache } from '../response-cache/response-cache.ts';
import type { StoredResponse } from '../response-cache/store.ts';
import { type OperationRequest, ordinaryType, type Params, parseParams, readRequest } from './operation-request.ts';

export type FastLaneOptions = {
  /** The path of GraphQL. */
  endpoint: string;
  /** Whose pages may call: as Yoga has it. */
  cors: CORSOptions;
  log: Log;
  /** Answers that visitors share, and for how many seconds an operation's may be; undefined to keep none. */
  cache?: { responses: ResponseCache; secondsOf: (params: Params) => number };
  /** Longer bodies, and those of unknown length, take Yoga's way. In bytes. Default 1 MiB. */
  maxBodyBytes?: number;
};

/** What has come of a request: the answer as it is written, or what Yoga has more to do with. */
type Outcome = { json: string } | { result: ExecutionResult } | { error: unknown };

/** What the lane adds to Yoga's context. */
export type LaneContext = { outcome?: Outcome; dependencies?: Dependencies };

/** For Yoga, where a fast lane stands before it: takes what the lane has executed. */
export function useFastLane(): Plugin {
  return {
    onParams({ context, setResult }) {
      const { outcome } = context as LaneContext;
      if (!outcome) return;
      if ('error' in outcome) throw outcome.error;
      if ('result' in outcome) setResult(outcome.result);
    },
    onResponse({ request, response }) {
      // What may be kept says so; a CDN might take the silence of anything else for consent.
      if (request.method === 'GET' && !response.headers.has('cache-control')) response.headers.set('cache-control', 'no-store');
    },
  };
}

/** A listener for node:http: ordinary requests take the lane, all others Yoga's own way. */
export function createFastLane<Context extends Record<string, unknown>>(
  yoga: YogaServerInstance<LaneContext, Context>,
  { endpoint, cors, log, cache, maxBodyBytes = 2 ** 20 }: FastLaneOptions,
): RequestListener {
  const { Request } = yoga.fetchAPI;

  return (req, res) => {
    handle(req, res).catch((error) => {
      log.error({ err: error }, 'a request failed before it had an answer');
      res.destroy();
    });
  };

  async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const type = ordinaryType(req, { endpoint, maxBodyBytes });
    if (type === undefined) return void yoga(req, res);
    const asked = await readRequest(req, type);
    if (!asked) return;
    // Whoever sends a token gets an answer of their own, whatever the token is worth.
    const shared = req.headers.authorization === undefined ? cache : undefined;
    const found = shared?.responses.find(asked.key);
    const stored = found instanceof Promise ? await found : found;
    if (stored) return writeShared(req, res, asked, stored, 'hit');

    const params = parseParams(asked);
    if (!params) return hand(req, res, asked);
    const request = requestOf(req, signalOf(res));
    const seconds = shared?.secondsOf(params) ?? 0;
    let outcome: Outcome | undefined;
    if (shared && seconds > 0) {
      const kept = await shared.responses.share(asked.key, seconds, async () => {
        const dependencies = new Dependencies();
        // For others too: it goes on when the client that was first has left.
        outcome = await execute(req, res, params, requestOf(withId(req, request)), dependencies);
        return 'json' in outcome ? { body: outcome.json, dependencies } : undefined;
      });
      if (kept) return writeShared(req, res, asked, kept, 'miss', request);
    }
    outcome ??= await execute(req, res, params, request);
    if (request.signal.aborted) return;
    if ('json' in outcome) write(res, asked, request, outcome.json, { ...corsOf(request), 'cache-control': 'no-store' });
    else hand(withId(req, request), res, asked, outcome);
  }

  /** Runs an operation through Yoga's pipeline. An answer that Yoga has nothing more to do with is written at once: see Outcome. */
  async function execute(
    req: IncomingMessage,
    res: ServerResponse,
    params: Params,
    request: Request,
    dependencies?: Dependencies,
  ): Promise<Outcome> {
    try {
      const result = (await yoga.getResultForParams({ params, request }, { req, res, request, dependencies } as never)) as ExecutionResult;
      if (result.errors || result.extensions?.http || Symbol.asyncIterator in result) return { result };
      return { json: stringify(result) };
    } catch (error) {
      return { error };
    }
  }

  function requestOf({ method, headers }: IncomingMessage, signal?: AbortSignal): Request {
    return new Request(`http://localhost${endpoint}`, { method, headers: headers as never, signal });
  }

  function write(
    res: ServerResponse,
    { type }: OperationRequest,
    request: Request,
    json: string | Buffer,
    headers: Record<string, string>,
  ): void {
    if (res.destroyed) return;
    res.writeHead(200, {
      'content-type': `${type}; charset=utf-8`,
      'content-length': Buffer.byteLength(json),
      'x-request-id': requestIdOf(request),
      ...headers,
    });
    res.end(json);
  }

  /** By GET with what a browser and a CDN need to keep it themselves; an answer to POST is nobody else's to keep. */
  function writeShared(
    req: IncomingMessage,
    res: ServerResponse,
    asked: OperationRequest,
    { body, etag, expiresAt }: StoredResponse,
    how: 'hit' | 'miss',
    request = requestOf(req),
  ): void {
    const headers = { ...corsOf(request), 'x-cache': how };
    if (asked.method === 'POST') {
      write(res, asked, request, body, { ...headers, 'cache-control': 'no-store' });
      return;
    }
    const maxAge = Math.max(0, Math.floor((expiresAt - Date.now()) / 1000));
    const forGet = { ...headers, 'cache-control': `public, max-age=${maxAge}`, etag, vary: 'accept, authorization, origin' };
    if (isKnown(req, etag)) res.writeHead(304, { 'x-request-id': requestIdOf(request), ...forGet }).end();
    else write(res, asked, request, body, forGet);
  }

  /** Under small names, so that none is written twice. */
  function corsOf(request: Request): Record<string, string> {
    const headers = getCORSHeadersByRequestAndOptions(request, cors) ?? {};
    return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  }

  /** Yoga takes a body that was read from a property of this name, as serverless platforms give it. */
  function hand(req: IncomingMessage, res: ServerResponse, { body }: OperationRequest, outcome?: Outcome): void {
    void yoga(Object.assign(req, body && { body }), res, { outcome } as never);
  }
}

/** What is made of the same request later has its id too. */
function withId(req: IncomingMessage, request: Request): IncomingMessage {
  req.headers['x-request-id'] = requestIdOf(request);
  return req;
}

/** Throws where the answer is longer than a string of V8 may be, half a gigabyte. */
function stringify(result: ExecutionResult): string {
  try {
    return JSON.stringify(result);
  } catch (error) {
    if (error instanceof RangeError) throw new ClientError('BAD_REQUEST', 'The answer is too large: ask for less at once.');
    throw error;
  }
}

/** Whether the client has this very answer: RFC 9110, 13.1.2. */
function isKnown({ headers }: IncomingMessage, etag: string): boolean {
  const known = headers['if-none-match']?.split(',').map((one) => one.trim().replace(/^W\//, ''));
  return known?.some((one) => one === etag || one === '*') ?? false;
}

/** Aborted when the client goes away before it has its answer. */
function signalOf(res: ServerResponse): AbortSignal {
  const controller = new AbortController();
  if (res.destroyed) controller.abort();
  res.once('close', () => {
    if (!res.writableFinished) controller.abort();
  });
  return controller.signal;
}
