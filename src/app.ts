import type { RequestListener } from 'node:http';
import type { CORSOptions } from '@whatwg-node/server';
import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import { Batcher, type BatcherOptions } from './batching/batcher.ts';
import type { Database } from './batching/database.ts';
import type { MaybePromise } from './batching/maybe-promise.ts';
import { RequestLoaders } from './batching/request-loaders.ts';
import { RequestProfile } from './batching/request-profile.ts';
import type { ClientError } from './errors.ts';
import { cacheSecondsOf } from './graphql/cache-hints.ts';
import type { Context, Viewer } from './graphql/context.ts';
import { createDocumentCache } from './graphql/document-cache.ts';
import { schema } from './graphql/schema.ts';
import { createFastLane, type LaneContext, useFastLane } from './http/fast-lane.ts';
import type { Params } from './http/operation-request.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { createMaskError, useCodedErrors } from './plugins/use-coded-errors.ts';
import { useCompiledOperations } from './plugins/use-compiled-operations.ts';
import { useGate } from './plugins/use-gate.ts';
import { useHealth } from './plugins/use-health.ts';
import { type Example, usePlayground } from './plugins/use-playground.ts';
import { useProfile } from './plugins/use-profile.ts';
import { requestIdOf, useRequestId } from './plugins/use-request-id.ts';
import { useToken } from './plugins/use-token.ts';
import type { ResponseCache } from './response-cache/response-cache.ts';
import type { Tokens } from './tokens.ts';

export const ENDPOINT = '/graphql';

export type AppDeps = Pick<Context, 'prisma' | 'pubSub' | 'log'> & {
  database: Database;
  /** How requests share statements. */
  batching?: BatcherOptions;
  /** Takes what is counted. Default: nobody reads it. */
  metrics?: Metrics;
  /** Whether answers carry what they have cost the database. Default false. */
  showsProfile?: boolean;
  /** Queries that are executed at once. Default 128. */
  maxQueries?: number;
  /** How often a query must have come before it is compiled. Default 3; 0 at once, Infinity never. */
  compileAfter?: number;
  tokens: Tokens;
  /** Finds who a token stands for, as they are now. */
  loadViewer: (ctx: Context) => MaybePromise<Viewer | null>;
  /** Recognises failures of resources that a client may know of. */
  translateError: (error: unknown) => ClientError | undefined;
  /** Answers that visitors share, and what resolves when it has heard of everything that was committed before; undefined for none. */
  responseCache?: { responses: ResponseCache; barrier: () => Promise<void> };
  /** The playground with its examples; undefined for none. */
  playground: { examples: readonly Example[]; hasDemoUsers: boolean } | undefined;
  /** Origins whose pages may call the gateway. */
  corsOrigins: readonly string[];
  isDebugging: boolean;
};

export type App = {
  /** Answers a request of the Fetch API. */
  fetch: YogaServerInstance<LaneContext, Context>['fetch'];
  /** Answers requests of node:http, with the same answers and in less time. */
  listener: RequestListener;
};

/** The gateway: everything that happens to a request, in order. */
export function createApp(deps: AppDeps): App {
  const { log, database, prisma, pubSub, tokens, playground, responseCache, metrics = createMetrics(), isDebugging, translateError } = deps;
  const errors = { log, isDebugging, translate: translateError };
  const batcher = new Batcher(database, {
    // A database that is gone fails every key: to try them again one by one would be an attack on it.
    mayBeOfOneKey: (error) => translateError(error)?.extensions.code !== 'DATABASE_UNAVAILABLE',
    onFlush: metrics.countFlush,
    ...deps.batching,
  });

  const cors: CORSOptions = deps.corsOrigins.length === 0 ? false : { origin: [...deps.corsOrigins], credentials: false, maxAge: 86_400 };

  const documents = createDocumentCache();
  const cache = responseCache && {
    responses: responseCache.responses,
    // A document that comes for the first time is not known to be valid, nor what it reads.
    secondsOf: ({ query, operationName }: Params) => {
      const document = documents.documentCache.get(query);
      return document ? cacheSecondsOf(schema, document, operationName) : 0;
    },
  };

  const yoga = createYoga<LaneContext, Context>({
    schema,
    graphqlEndpoint: ENDPOINT,
    logging: false,
    graphiql: false,
    landingPage: false,
    multipart: false,
    parserAndValidationCache: documents,
    // Yoga answers any path with this ending; /health itself is useHealth's.
    healthCheckEndpoint: '/health/live',
    cors,
    maskedErrors: { maskError: createMaskError(errors) },
    context: ({ request, dependencies }) => {
      const profile = new RequestProfile();
      const ctx: Context = {
        requestId: requestIdOf(request),
        profile,
        log,
        prisma,
        pubSub,
        tokens,
        token: undefined,
        loaders: new RequestLoaders(batcher, { signal: request.signal, dependencies, onFlush: profile.add }),
        announced: async () => await responseCache?.barrier(),
        // Read through the request's loaders: once for each request, and again after a mutation.
        viewer() {
          return deps.loadViewer(this);
        },
      };
      return ctx;
    },
    plugins: [
      // First, so that everything after it can name the request.
      useRequestId(),
      // Before anything is parsed: a probe must cost nothing.
      useHealth(async () => (await database.query('select 1', [])).length === 1),
      // Before Yoga takes a browser's page load for an operation.
      ...(playground
        ? [
            usePlayground({
              endpoint: ENDPOINT,
              examples: playground.examples,
              signIn: playground.hasDemoUsers ? async (id) => (await tokens.sign(id)).token : undefined,
            }),
          ]
        : []),
      // Before anything is done with an operation that was executed already.
      useFastLane(),
      // After parsing and validation, which need nobody's name; before execution, which does.
      useToken(tokens),
      // Before the errors, which go the last steps to the answer.
      useProfile({ count: metrics.countRequest, isShown: deps.showsProfile ?? false }),
      // After the context, before execution.
      useCompiledOperations({ minCalls: deps.compileAfter }),
      // Behind the compiler, whose functions it lets in: the last to set the execution is the one that is called.
      useGate({ maxQueries: deps.maxQueries }),
      // Last, so that it sees the errors of all others.
      useCodedErrors(errors),
    ],
  });

  return { fetch: yoga.fetch, listener: createFastLane(yoga, { endpoint: ENDPOINT, cors, log, cache }) };
}
