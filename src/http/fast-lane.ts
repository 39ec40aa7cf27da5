// The way of ordinary requests, those that carry one operation and get one answer as JSON. Yoga's own way makes streams and Fetch
// objects of them, which costs as much as the execution. Here the socket's bytes become parameters, Yoga's operation pipeline with
// all its plugins runs, and the answer is written once. Whatever is not ordinary, before or after the execution, goes to Yoga, which
// answers as it does without this lane: other methods, paths and media types, bodies that are no JSON, and results with errors.
// An answer that visitors share is found before anything is parsed. The guard has read the body already.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendNodeResponse } from '@whatwg-node/server';
import type { ExecutionResult } from 'graphql';
import type { Plugin, YogaServerInstance } from 'graphql-yoga';
import { Dependencies } from '../batching/dependencies.ts';
import type { MaybePromise } from '../batching/maybe-promise.ts';
import type { ErrorCode } from '../errors.ts';
import type { OperationLabels } from '../limits/operation-labels.ts';
import type { ResponseCache } from '../response-cache/response-cache.ts';
import type { StoredResponse } from '../response-cache/store.ts';
import type { Call } from './guard.ts';
import { isOrdinary, type OperationRequest, type Params, parseParams, readOperation } from './operation-request.ts';
import { addOperation, type OperationRun } from './request-record.ts';

export type FastLaneOptions = {
  /** The path of GraphQL. */
  endpoint: string;
  /** Answers that visitors share, and for how many seconds an operation's may be; undefined to keep none. */
  cache?: { responses: ResponseCache; secondsOf: (params: Params) => number };
  /** Finds the text of documents that come as a hash. Throws ClientError. */
  resolve: (params: Params) => MaybePromise<Params>;
  /** Labels operations for metrics. */
  labels: OperationLabels;
};

/** What has come of a request: the answer as it is written, or what Yoga has more to do with. */
type Outcome = { json: string } | { result: ExecutionResult } | { error: unknown };

const REASONS_FOR_ALL: ReadonlySet<string> = new Set([
  'DEADLINE_EXCEEDED',
  'OVERLOADED',
  'DATABASE_TIMEOUT',
  'DATABASE_UNAVAILABLE',
] satisfies ErrorCode[]);

/** What Yoga is told of a request beside the request itself. */
export type LaneContext = {
  call?: Call;
  outcome?: Outcome;
  dependencies?: Dependencies;
  /** What is known of this operation, in the request's record. */
  operation?: OperationRun;
  /** Whether the parameters have their document already. */
  isResolved?: boolean;
  /** Whether the operation came in an array with others. */
  isBatch?: boolean;
};

/** For Yoga, where a fast lane stands before it: takes what the lane has executed, and adds the headers that every answer carries. */
export function useFastLane(): Plugin<LaneContext, LaneContext> {
  return {
    onParams({ context, setResult }) {
      const { outcome } = context as LaneContext;
      if (!outcome) return;
      if ('error' in outcome) throw outcome.error;
      if ('result' in outcome) setResult(outcome.result);
    },
    onResponse({ request, response, serverContext }) {
      for (const [name, value] of Object.entries((serverContext as LaneContext).call?.headers ?? {})) {
        // A page has a policy of its own.
        if (!response.headers.has(name)) response.headers.set(name, value);
      }
      // What may be kept says so; a CDN might take the silence of anything else for consent.
      if (request.method === 'GET' && !response.headers.has('cache-control')) response.headers.set('cache-control', 'no-store');
    },
  };
}

/** Answers requests that the guard has let in: ordinary ones by the lane, all others by Yoga's own way. */
export function createFastLane<Context extends Record<string, unknown>>(
  yoga: YogaServerInstance<LaneContext, Context>,
  { endpoint, resolve, labels, cache }: FastLaneOptions,
) {
  const { Request } = yoga.fetchAPI;

  return async function handle(req: IncomingMessage, res: ServerResponse, call: Call): Promise<void> {
    const asked = readOperation(req, endpoint, call.body);
    if (!asked) return takeYogasWay(yoga, req, res, call);
    // Whoever sends a token gets an answer of their own, whatever the token is worth.
    const shared = req.headers.authorization === undefined ? cache : undefined;
    const found = shared?.responses.find(asked.key);
    const stored = found instanceof Promise ? await found : found;
    if (stored) return writeShared(req, res, call, asked, stored, 'hit');

    const sent = parseParams(asked);
    if (!sent) return takeYogasWay(yoga, req, res, call);
    const request = requestOf(req, signalOf(res));
    let params: Params;
    try {
      const resolved = resolve(sent);
      params = resolved instanceof Promise ? await resolved : resolved;
    } catch (error) {
      return takeYogasWay(yoga, req, res, call, { error });
    }
    if (!isOrdinary(asked, params)) return takeYogasWay(yoga, req, res, call);

    const seconds = shared?.secondsOf(params) ?? 0;
    let outcome: Outcome | undefined;
    if (shared && seconds > 0) {
      const make = async (signal: AbortSignal) => {
        const dependencies = new Dependencies();
        // For others too: it goes on when the client that was first has left.
        outcome = await execute(req, res, call, params, requestOf(req, signal), dependencies);
        if ('json' in outcome) return { body: outcome.json, dependencies, operation: call.record.operations[0]?.name };
        const reason = reasonForAll(outcome);
        if (reason) throw reason;
        return undefined;
      };
      const kept = await shared.responses.share(asked.key, seconds, make, request.signal).catch((error) => {
        outcome ??= { error };
        return undefined;
      });
      if (kept) return writeShared(req, res, call, asked, kept, 'miss');
    }
    if (request.signal.aborted) return;
    outcome ??= await execute(req, res, call, params, request);
    if (request.signal.aborted) return;
    if ('json' in outcome) write(res, call, asked, outcome.json, { 'cache-control': 'no-store' });
    else return takeYogasWay(yoga, req, res, call, outcome);
  };

  /** Runs an operation through Yoga's pipeline. An answer that Yoga has nothing more to do with is written at once: see Outcome. */
  async function execute(
    req: IncomingMessage,
    res: ServerResponse,
    call: Call,
    params: Params,
    request: Request,
    dependencies?: Dependencies,
  ): Promise<Outcome> {
    try {
      const context = { req, res, request, call, dependencies, isResolved: true };
      const result = (await yoga.getResultForParams({ params, request }, context as never)) as ExecutionResult;
      if (result.errors || result.extensions?.http || Symbol.asyncIterator in result) return { result };
      return { json: JSON.stringify(result) };
    } catch (error) {
      return { error };
    }
  }

  function requestOf({ method, headers }: IncomingMessage, signal?: AbortSignal): Request {
    return new Request(`http://localhost${endpoint}`, { method, headers: headers as never, signal });
  }

  function write(
    res: ServerResponse,
    call: Call,
    { type }: OperationRequest,
    json: string | Buffer,
    headers: Record<string, string>,
  ): void {
    if (res.destroyed) return;
    res.writeHead(200, {
      ...call.headers,
      'content-type': `${type}; charset=utf-8`,
      'content-length': Buffer.byteLength(json),
      'x-request-id': call.record.requestId,
      ...headers,
    });
    res.end(json);
  }

  /** By GET with what a browser and a CDN need to keep it themselves; an answer to POST is nobody else's to keep. */
  function writeShared(
    req: IncomingMessage,
    res: ServerResponse,
    call: Call,
    asked: OperationRequest,
    { body, etag, expiresAt, operation: name }: StoredResponse,
    how: 'hit' | 'miss',
  ): void {
    const { record } = call;
    record.cache = how;
    // Whoever was not the first has executed nothing. Mutations and subscriptions are not kept.
    if (record.operations.length === 0) addOperation(record, { name, label: labels.learn(name), kind: 'query' });
    if (asked.method === 'POST') {
      write(res, call, asked, body, { 'x-cache': how, 'cache-control': 'no-store' });
      return;
    }
    const maxAge = Math.max(0, Math.floor((expiresAt - Date.now()) / 1000));
    const forGet = { 'x-cache': how, 'cache-control': `public, max-age=${maxAge}`, etag, vary: 'accept, authorization, origin' };
    if (isKnown(req, etag)) res.writeHead(304, { ...call.headers, 'x-request-id': record.requestId, ...forGet }).end();
    else write(res, call, asked, body, forGet);
  }
}

/**
 * Lets Yoga answer. It takes a body that was read from a property of this name, as serverless platforms give it. Rejects where it fails
 * outside GraphQL, as in a hook: left to itself, it would write the stack into the answer.
 */
export async function takeYogasWay<Context extends Record<string, unknown>>(
  yoga: YogaServerInstance<LaneContext, Context>,
  req: IncomingMessage,
  res: ServerResponse,
  call: Call,
  outcome?: Outcome,
): Promise<void> {
  const { body } = call;
  // Yoga makes its URL of this header, into which a client may write another path than the one that the guard has seen.
  req.headers.host = 'localhost';
  const asked = Object.assign(req, body && body.length > 0 && { body: oneChunk(body) });
  const response = await yoga.handleNodeRequestAndResponse(asked, res, { req, res, call, outcome } as never);
  await sendNodeResponse(response, res, req, true);
}

/** Yoga looks at the keys of a body, of which a buffer has one for each byte. */
const oneChunk = (body: Buffer) => ({
  bytes: body.length,
  async *[Symbol.asyncIterator]() {
    yield body;
  },
});

/** What nobody else should try again at once: the database had no time, or no place, for those who were first. */
function reasonForAll(outcome: Outcome): Error | undefined {
  const errors = 'result' in outcome ? (outcome.result.errors ?? []) : [];
  return errors.find(({ extensions }) => REASONS_FOR_ALL.has(String(extensions.code)));
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
