import type { RequestListener } from 'node:http';
import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import type { AppDeps } from './app-deps.ts';
import { Batcher, type BatcherOptions, type Flush } from './batching/batcher.ts';
import { createReadRoutes } from './batching/read-routes.ts';
import { RequestLoaders } from './batching/request-loaders.ts';
import { RequestProfile } from './batching/request-profile.ts';
import { useEventStreams } from './gateway/http/use-event-streams.ts';
import { useVariableNames } from './gateway/operation/documents/use-variable-names.ts';
import { useOperationRules } from './gateway/operation/operation-rules.ts';
import { cacheSecondsOf } from './graphql/cache-hints.ts';
import type { Context } from './graphql/context.ts';
import { createDocumentCache } from './graphql/document-cache.ts';
import { schema } from './graphql/schema.ts';
import { createClientOf, NOBODY } from './http/client.ts';
import { createCors } from './http/cors.ts';
import { createFastLane, type LaneContext, takeYogasWay, useFastLane } from './http/fast-lane.ts';
import { createGuard, type Guarded } from './http/guard.ts';
import type { Params } from './http/operation-request.ts';
import { createIsOperator } from './http/operator.ts';
import { createCostOf } from './limits/cost.ts';
import { createLimits, OPERATION_MAXIMA } from './limits/limits.ts';
import { createMaskError, useCodedErrors } from './plugins/use-coded-errors.ts';
import { useCompiledOperations } from './plugins/use-compiled-operations.ts';
import { useCost } from './plugins/use-cost.ts';
import { useDeadline } from './plugins/use-deadline.ts';
import { useExecutionMetrics } from './plugins/use-execution-metrics.ts';
import { useGate } from './plugins/use-gate.ts';
import { useHealth } from './plugins/use-health.ts';
import { useHiddenSchema } from './plugins/use-hidden-schema.ts';
import { useHttpRequest } from './plugins/use-http-request.ts';
import { useMetrics } from './plugins/use-metrics.ts';
import { useOperationLimits } from './plugins/use-operation-limits.ts';
import { usePersistedDocuments } from './plugins/use-persisted-documents.ts';
import { isPlaygroundFile, usePlayground } from './plugins/use-playground.ts';
import { useProfile } from './plugins/use-profile.ts';
import { useReplicas } from './plugins/use-replicas.ts';
import { requestIdOf, useRequestId } from './plugins/use-request-id.ts';
import { useRequestRecord } from './plugins/use-request-record.ts';
import { useSubscriptionLimit } from './plugins/use-subscription-limit.ts';
import { useToken } from './plugins/use-token.ts';
import { createFieldLimits } from './rate-limit/field-limits.ts';
import { createPointBudget } from './rate-limit/point-budget.ts';
import { createRequestLimits } from './rate-limit/request-limits.ts';

/** The path of GraphQL. */
export const ENDPOINT = '/graphql';

export type App = {
  /** Answers a request of the Fetch API. What stands before GraphQL, the limits of requests and bodies, belongs to `listener`. */
  fetch: YogaServerInstance<LaneContext, Context>['fetch'];
  /** Answers requests of node:http. */
  listener: RequestListener;
  /** The same without the fast lane, with the same answers in more time. */
  slowListener: RequestListener;
};

/** The gateway: everything that happens to a request, in order. */
export function createApp(deps: AppDeps): App {
  const {
    log,
    database,
    prisma,
    pubSub,
    tokens,
    playground,
    responseCache,
    metrics,
    isDebugging,
    translateError,
    protection,
    tracing,
    observers = [],
  } = deps;
  const { store, rates = {}, maxCost = 1000, deadlineMs = 10_000, hasIntrospection = true, maxBatch = 1, documents } = protection;
  const errors = { log, isDebugging, translate: translateError, hidesSchema: !hasIntrospection };
  const batching: BatcherOptions = {
    // A database that is gone fails every key: to try them again one by one would be an attack on it.
    mayBeOfOneKey: (error) => translateError(error)?.extensions.code !== 'DATABASE_UNAVAILABLE',
    onFlush: metrics.countFlush,
    ...deps.batching,
  };
  const batcher = new Batcher(database, batching);
  const { replicas } = deps;

  const limits = createLimits({ modes: protection.modes, count: metrics.countLimit });
  const requestLimits = createRequestLimits({ store, limits, onUsage: metrics.operations.addUsage, ...rates });
  const budget = createPointBudget({ store, limits, onUsage: metrics.operations.addUsage, perMinute: rates.pointsPerMinute });
  const fieldLimits = createFieldLimits({ store, limits });

  const isOperator = createIsOperator(protection.metricsToken);
  const parsed = createDocumentCache();
  const cache = responseCache && {
    responses: responseCache.responses,
    // A document that comes for the first time is not known to be valid, nor what it reads.
    secondsOf: ({ query = '', operationName }: Params) => {
      const document = parsed.documentCache.get(query);
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
    batching: maxBatch > 1 ? { limit: maxBatch } : false,
    // The guard has read and bounded the body, and knows whose pages may read the answer.
    maxRequestBodySize: false,
    cors: false,
    parserAndValidationCache: parsed,
    // Yoga answers whatever ends so, queries too: nothing does. Health is useHealth's.
    healthCheckEndpoint: '\n',
    maskedErrors: { maskError: createMaskError(errors) },
    context: ({ request, dependencies, call, operation }) => {
      const profile = new RequestProfile();
      if (operation) {
        operation.profile = profile;
        operation.validatedAt = performance.now();
      }
      const { record } = call ?? {};
      const onFlush =
        tracing && record && operation
          ? (flush: Flush) => {
              profile.add(flush);
              tracing.onFlush(record, operation, flush);
            }
          : profile.add;
      const client = call?.client ?? NOBODY;
      const ctx: Context = {
        requestId: requestIdOf(request),
        client,
        fieldLimits,
        cost: 0,
        maxCost,
        budgets: async () => [...(await requestLimits.standing(client.key)), ...(await budget.standing(client.key))],
        profile,
        operation,
        log,
        prisma,
        pubSub,
        tokens,
        token: undefined,
        loaders: new RequestLoaders(batcher, { signal: request.signal, dependencies, onFlush, keyCountsOf: metrics.keyCountsOf }),
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
      // Before anything is taken or opened for a subscription: it may be one that no stream can answer.
      useEventStreams({ log }),
      // Before whatever looks at parameters.
      useRequestRecord(metrics.operations),
      // Before anything is parsed: a probe must cost nothing.
      useHealth({ isReady: async () => (await database.query('select 1', [])).length === 1, ...deps.health, isOperator }),
      useMetrics({ read: deps.readMetrics ?? metrics.read, isOperator }),
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
      // Before the text of a document is looked at: it may be known by its hash alone.
      usePersistedDocuments(documents),
      // Behind what finds the text of a document: a request without one is refused.
      useHttpRequest(),
      // Before and while it is parsed, and before it is validated, which takes longer the larger it is.
      useOperationLimits({ limits, maxima: { ...OPERATION_MAXIMA, ...protection.maxima } }),
      useVariableNames(),
      useOperationRules(),
      ...(hasIntrospection ? [] : [useHiddenSchema()]),
      // After parsing and validation, which need nobody's name; before execution, which does.
      useToken(tokens),
      // Before anything that takes time is done for an operation: it may be too dear.
      useCost({
        limits,
        costOf: createCostOf(schema),
        maxCost,
        budget,
        pressure: protection.pressure,
        records: metrics.operations,
        nameOf: documents.nameOf,
      }),
      useSubscriptionLimit({
        limits,
        max: protection.maxSubscriptions,
        places: protection.subscriptionPlaces,
        onChange: metrics.addSubscriptions,
      }),
      // Behind what refuses: who was refused has written nothing.
      ...(replicas
        ? [
            useReplicas({
              routeBy: createReadRoutes(batcher, replicas.servers.all, batching),
              ...replicas.servers,
              tokens: replicas.tokens,
            }),
          ]
        : []),
      // Before the errors, which go the last steps to the answer.
      useProfile({ count: metrics.countRequest, isShown: deps.showsProfile ?? false }),
      // After the context, before execution.
      useCompiledOperations({ minCalls: deps.compileAfter }),
      // Behind the compiler, whose functions it lets in: the last to set the execution is the one that is called.
      useGate(protection.gate),
      // Around the gate: waiting for one's turn takes of the time.
      useDeadline({ deadlineMs }),
      // Behind whatever may refuse an operation, so that it times those that are executed.
      useExecutionMetrics(metrics.registry),
      // Last, so that it sees the errors of all others.
      useCodedErrors(errors),
    ],
  });

  const clientOf = createClientOf({ trustedProxies: protection.trustedProxies, readToken: (header) => tokens.read(header) });
  const { maxBodyBytes } = protection;
  const guarded = (next: Guarded) =>
    createGuard(
      {
        endpoint: ENDPOINT,
        isFile: playground && ((path) => isPlaygroundFile(ENDPOINT, path)),
        clientOf,
        requestLimits,
        limits,
        cors: createCors(deps.corsOrigins),
        maxBodyBytes,
        observers: [metrics.observer, ...(tracing ? [tracing] : []), ...observers],
        log,
      },
      next,
    );
  return {
    fetch: yoga.fetch,
    listener: guarded(createFastLane(yoga, { endpoint: ENDPOINT, resolve: documents.resolve, labels: metrics.operations, cache })),
    slowListener: guarded((req, res, call) => takeYogasWay(yoga, req, res, call)),
  };
}
