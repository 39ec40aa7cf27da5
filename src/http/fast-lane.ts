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
import { requestIdOf } from '../plugins/use-request-id.ts';
import type { ResponseCache } from '../response-cache/response-cache.ts';
import type { StoredResponse } from '../response-cache/store.ts';
import { Gate } from './gate.ts';
import { mayWrite, type OperationRequest, ordinaryType, type Params, parseParams, readRequest } from './operation-request.ts';

export type FastLaneOptions = {
  /** The path of GraphQL. */
  endpoint: string;
  cors: CORSOptions;
  /** Answers that visitors share, and for how many seconds an operation's may be; undefined to keep none. */
  cache?: { responses: ResponseCache; secondsOf: (params: Params) => number };
  /** Queries that are executed at once; others wait for their turn. Mutations do not: a password takes its time, and holds nobody up. Default 128. */
  maxQueries?: number;
  /** Longer bodies, and those of unknown length, take Yoga's way. In bytes. Default 1 MiB. */
  maxBodyBytes?: number;
};

/** What has come of a request already: Yoga writes it. */
type Outcome = { result: ExecutionResult } | { error: unknown };

/** What the lane adds to Yoga's context. */
export type LaneContext = { outcome?: Outcome; dependencies?: Dependencies };

/** For Yoga, where a fast lane stands before it: takes what the lane has executed. */
export function useFastLane(): Plugin {
  return {
    onParams({ context, setResult }) {
      const { outcome } = context as LaneContext;
      if (!outcome) return;
      if ('error' in outcome) throw outcome.error;
      setResult(outcome.result);
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
  { endpoint, cors, cache, maxQueries = 128, maxBodyBytes = 2 ** 20 }: FastLaneOptions,
): RequestListener {
  const { Request } = yoga.fetchAPI;
  const gate = new Gate(maxQueries);

  return async (req, res) => {
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
    const run = async (dependencies?: Dependencies): Promise<Outcome> => {
      try {
        const result = await yoga.getResultForParams({ params, request }, { req, res, request, dependencies } as never);
        return { result: result as ExecutionResult };
      } catch (error) {
        return { error };
      }
    };

    const execute = (dependencies?: Dependencies) => (mayWrite(params) ? run(dependencies) : gate.run(() => run(dependencies)));

    const seconds = shared?.secondsOf(params) ?? 0;
    let outcome: Outcome | undefined;
    if (shared && seconds > 0) {
      const kept = await shared.responses.share(asked.key, seconds, async () => {
        const dependencies = new Dependencies();
        outcome = await execute(dependencies);
        return isPlain(outcome) ? { body: JSON.stringify(outcome.result), dependencies } : undefined;
      });
      if (kept) return writeShared(req, res, asked, kept, 'miss', request);
    }
    outcome ??= await execute();
    if (request.signal.aborted) return;
    if (!isPlain(outcome)) return hand(req, res, asked, request, outcome);
    write(res, asked, request, JSON.stringify(outcome.result), { 'cache-control': 'no-store' });
  };

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
      ...getCORSHeadersByRequestAndOptions(request, cors),
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
    if (asked.method === 'POST') write(res, asked, request, body, { 'cache-control': 'no-store', 'x-cache': how });
    else {
      const headers = {
        'cache-control': `public, max-age=${Math.max(0, Math.floor((expiresAt - Date.now()) / 1000))}`,
        etag,
        vary: 'accept, authorization, origin',
        'x-cache': how,
      };
      if (isKnown(req, etag)) {
        res.writeHead(304, { 'x-request-id': requestIdOf(request), ...getCORSHeadersByRequestAndOptions(request, cors), ...headers });
        res.end();
      } else write(res, asked, request, body, headers);
    }
  }

  /** Yoga takes a body that was read from a property of this name, as serverless platforms give it. */
  function hand(req: IncomingMessage, res: ServerResponse, { body }: OperationRequest, request?: Request, outcome?: Outcome): void {
    if (request) req.headers['x-request-id'] = requestIdOf(request);
    void yoga(Object.assign(req, body && { body }), res, { outcome } as never);
  }
}

/** Whether the client has this very answer: RFC 9110, 13.1.2. */
function isKnown({ headers }: IncomingMessage, etag: string): boolean {
  const known = headers['if-none-match']?.split(',').map((one) => one.trim().replace(/^W\//, ''));
  return known?.some((one) => one === etag || one === '*') ?? false;
}

/** Whether an outcome is written as it is: data, and nothing that Yoga does more with. */
function isPlain(outcome: Outcome): outcome is { result: ExecutionResult } {
  return 'result' in outcome && !outcome.result.errors && !outcome.result.extensions?.http && !(Symbol.asyncIterator in outcome.result);
}

/** Aborted when the client goes away before it has its answer. */
function signalOf(res: ServerResponse): AbortSignal {
  const controller = new AbortController();
  res.once('close', () => {
    if (!res.writableFinished) controller.abort();
  });
  return controller.signal;
}
