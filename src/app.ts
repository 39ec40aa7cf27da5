import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import { Batcher, type BatcherOptions } from './batching/batcher.ts';
import type { Database } from './batching/database.ts';
import { RequestLoaders } from './batching/request-loaders.ts';
import type { ClientError } from './errors.ts';
import type { Context, Viewer } from './graphql/context.ts';
import { schema } from './graphql/schema.ts';
import { createMaskError, useCodedErrors } from './plugins/use-coded-errors.ts';
import { useHealth } from './plugins/use-health.ts';
import { type Example, usePlayground } from './plugins/use-playground.ts';
import { requestIdOf, useRequestId } from './plugins/use-request-id.ts';
import { useToken } from './plugins/use-token.ts';
import type { Tokens } from './tokens.ts';

export const ENDPOINT = '/graphql';

export type AppDeps = Pick<Context, 'prisma' | 'pubSub' | 'log'> & {
  database: Database;
  /** How requests share statements. */
  batching?: BatcherOptions;
  tokens: Tokens;
  /** Finds who a token stands for, as they are now. */
  loadViewer: (ctx: Context) => Promise<Viewer | null>;
  /** Recognises failures of resources that a client may know of. */
  translateError: (error: unknown) => ClientError | undefined;
  /** The playground with its examples; undefined for none. */
  playground: { examples: readonly Example[]; hasDemoUsers: boolean } | undefined;
  /** Origins whose pages may call the gateway. */
  corsOrigins: readonly string[];
  isDebugging: boolean;
};

export type App = YogaServerInstance<Record<never, never>, Context>;

/** The gateway as a fetch handler: everything that happens to a request, in order. */
export function createApp(deps: AppDeps): App {
  const { log, database, prisma, pubSub, tokens, playground, isDebugging, translateError } = deps;
  const errors = { log, isDebugging, translate: translateError };
  const batcher = new Batcher(database, {
    // A database that is gone fails every key: to try them again one by one would be an attack on it.
    mayBeOfOneKey: (error) => translateError(error)?.extensions.code !== 'DATABASE_UNAVAILABLE',
    ...deps.batching,
  });

  return createYoga<Record<never, never>, Context>({
    schema,
    graphqlEndpoint: ENDPOINT,
    logging: false,
    graphiql: false,
    landingPage: false,
    multipart: false,
    // Yoga answers any path with this ending; /health itself is useHealth's.
    healthCheckEndpoint: '/health/live',
    cors: deps.corsOrigins.length === 0 ? false : { origin: [...deps.corsOrigins], credentials: false, maxAge: 86_400 },
    maskedErrors: { maskError: createMaskError(errors) },
    context: ({ request }) => {
      const ctx: Context = {
        requestId: requestIdOf(request),
        log,
        prisma,
        pubSub,
        tokens,
        token: undefined,
        loaders: new RequestLoaders(batcher, { signal: request.signal }),
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
      // After parsing and validation, which need nobody's name; before execution, which does.
      useToken(tokens),
      // Last, so that it sees the errors of all others.
      useCodedErrors(errors),
    ],
  });
}
