import type { BatcherOptions } from './batching/batcher.ts';
import type { Database } from './batching/database.ts';
import type { MaybePromise } from './batching/maybe-promise.ts';
import type { ClientError } from './errors.ts';
import type { Context, Viewer } from './graphql/context.ts';
import type { RequestObserver } from './http/request-record.ts';
import type { LimitMode, LimitName, OperationMaxima } from './limits/limits.ts';
import type { Pressure } from './limits/pressure.ts';
import type { LsnTokens } from './lsn-tokens.ts';
import type { Metrics } from './metrics.ts';
import type { PersistedDocuments } from './persisted/persisted-documents.ts';
import type { Gate } from './plugins/use-gate.ts';
import type { HealthOptions } from './plugins/use-health.ts';
import type { Example } from './plugins/use-playground.ts';
import type { SubscriptionPlaces } from './plugins/use-subscription-limit.ts';
import type { RateLimitStore } from './rate-limit/store.ts';
import type { Replicas } from './resources/replicas.ts';
import type { ResponseCache } from './response-cache/response-cache.ts';
import type { Tokens } from './tokens.ts';
import type { Tracing } from './tracing.ts';

/** What protects the gateway, and how far. */
export type ProtectionDeps = {
  /** Where a limit has no mode, it is enforced. */
  modes: Partial<Record<LimitName, LimitMode>>;
  /** Counts requests, points and calls of fields. */
  store: RateLimitStore;
  /** Requests of a client in any minute and hour, and points in any minute. Default 60, 1000 and 10000. */
  rates?: { perMinute?: number; perHour?: number; pointsPerMinute?: number };
  /** Points that one operation may cost. Default 1000. */
  maxCost?: number;
  /** How large an operation may be. Default: OPERATION_MAXIMA. */
  maxima?: Partial<OperationMaxima>;
  /** The longest body, in bytes. Default 1,000,000. */
  maxBodyBytes?: number;
  /** How many operations one request may carry. Default 1. */
  maxBatch?: number;
  /** Subscriptions of a client that are open at once. Default 20. */
  maxSubscriptions?: number;
  /** Counts them with other processes. Default: in this one. */
  subscriptionPlaces?: SubscriptionPlaces;
  /** How long a query or a mutation may take, in milliseconds. Default 10000. */
  deadlineMs?: number;
  /** Tells what to shed. */
  pressure: Pick<Pressure, 'maxCost'>;
  /** Lets queries in, so many at once. */
  gate: Gate;
  /** Whose X-Forwarded-For is believed. Default nobody's. */
  trustedProxies?: readonly string[];
  /** Whether clients may ask for the schema, and are told what they may have meant. Default true. */
  hasIntrospection?: boolean;
  documents: PersistedDocuments;
  /** Opens /metrics to whoever has it. Default: private networks alone. */
  metricsToken?: string;
};

export type AppDeps = Pick<Context, 'prisma' | 'pubSub' | 'log'> & {
  database: Database;
  /** Servers that queries may read instead, and what signs how far viewers have written; undefined for none. */
  replicas?: { servers: Replicas; tokens: LsnTokens };
  /** How requests share statements. */
  batching?: BatcherOptions;
  protection: ProtectionDeps;
  /** Whether requests can be answered, and figures for operators. Default: whether the database answers. */
  health?: HealthOptions;
  /** Takes what is counted. */
  metrics: Metrics;
  /** Told of every request that comes over a socket, at its end. Default none. */
  observers?: readonly RequestObserver[];
  /** What /metrics answers. Default: those of this process. */
  readMetrics?: () => Promise<string>;
  /** Makes spans of requests; undefined for none. */
  tracing?: Tracing;
  /** Whether answers carry what they have cost the database. Default false. */
  showsProfile?: boolean;
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
