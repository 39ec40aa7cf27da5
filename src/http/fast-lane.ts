// The way of ordinary requests, those that carry one operation as JSON and get one answer as JSON. Yoga's own way makes streams and Fetch
// objects of them, which costs as much as the execution. Here the socket's bytes become parameters, Yoga's operation pipeline with
// all its plugins runs, and the answer is written once. Whatever is not ordinary, before or after the execution, goes to Yoga, which
// answers as it does without this lane: other methods, paths and media types, bodies that are no JSON, and results with errors.

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type CORSOptions, getCORSHeadersByRequestAndOptions } from '@whatwg-node/server';
import type { ExecutionResult } from 'graphql';
import type { Plugin, YogaServerInstance } from 'graphql-yoga';
import { requestIdOf } from '../plugins/use-request-id.ts';
import { jsonTypeFor } from './media-type.ts';
import { readBody } from './read-body.ts';

type Options = {
  /** The path of GraphQL. */
  endpoint: string;
  cors: CORSOptions;
  /** Longer bodies, and those of unknown length, take Yoga's way. In bytes. Default 1 MiB. */
  maxBodyBytes?: number;
};

/** What has come of a request already: Yoga writes it. */
type Outcome = { result: ExecutionResult } | { error: unknown };
type Handed = { outcome?: Outcome };
type Params = { query: string };

/** For Yoga, where a fast lane stands before it: takes what the lane has executed. */
export function useFastLane(): Plugin {
  return {
    onParams({ context, setResult }) {
      const { outcome } = context as Handed;
      if (!outcome) return;
      if ('error' in outcome) throw outcome.error;
      setResult(outcome.result);
    },
  };
}

/** A listener for node:http: ordinary requests take the lane, all others Yoga's own way. */
export function createFastLane<Context extends Record<string, unknown>>(
  yoga: YogaServerInstance<Record<never, never>, Context>,
  { endpoint, cors, maxBodyBytes = 2 ** 20 }: Options,
): RequestListener {
  const { Request } = yoga.fetchAPI;

  return async (req, res) => {
    const type = isOrdinary(req) ? jsonTypeFor(req.headers.accept) : undefined;
    if (type === undefined) return void yoga(req, res);
    const body = await readBody(req);
    if (!body) return;
    const params = parseParams(body);
    if (!params) return hand(req, res, body);

    const request = new Request(`http://localhost${endpoint}`, { method: 'POST', headers: req.headers as never, signal: signalOf(res) });
    let result: ExecutionResult;
    try {
      result = (await yoga.getResultForParams({ params, request }, { req, res, request } as never)) as ExecutionResult;
    } catch (error) {
      return hand(req, res, body, request, { error });
    }
    if (request.signal.aborted) return;
    if (result.errors || result.extensions?.http || Symbol.asyncIterator in result) return hand(req, res, body, request, { result });
    write(res, type, request, JSON.stringify(result));
  };

  function isOrdinary({ method, url, headers }: IncomingMessage): boolean {
    return (
      method === 'POST' &&
      url === endpoint &&
      headers['content-encoding'] === undefined &&
      /^application\/json(; ?charset=utf-8)?$/i.test(headers['content-type'] ?? '') &&
      Number(headers['content-length']) <= maxBodyBytes
    );
  }

  function write(res: ServerResponse, type: string, request: Request, json: string): void {
    if (res.destroyed) return;
    res.writeHead(200, {
      'content-type': `${type}; charset=utf-8`,
      'content-length': Buffer.byteLength(json),
      'x-request-id': requestIdOf(request),
      ...getCORSHeadersByRequestAndOptions(request, cors),
    });
    res.end(json);
  }

  /** Yoga takes a body that was read from a property of this name, as serverless platforms give it. */
  function hand(req: IncomingMessage, res: ServerResponse, body: Buffer, request?: Request, outcome?: Outcome): void {
    if (request) req.headers['x-request-id'] = requestIdOf(request);
    void yoga(Object.assign(req, { body }), res, { outcome } as never);
  }
}

/** The parameters of one operation; undefined for anything else, whose fault Yoga names. */
function parseParams(body: Buffer): Params | undefined {
  try {
    const params = JSON.parse(body.toString());
    // The word may stand elsewhere than as the operation's type: the detour costs time, nothing else.
    return typeof params?.query === 'string' && !/\bsubscription\b/.test(params.query) ? params : undefined;
  } catch {
    return undefined;
  }
}

/** Aborted when the client goes away before it has its answer. */
function signalOf(res: ServerResponse): AbortSignal {
  const controller = new AbortController();
  res.once('close', () => {
    if (!res.writableFinished) controller.abort();
  });
  return controller.signal;
}
