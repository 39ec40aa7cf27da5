import { createHash } from 'node:crypto';
import { createApp, ENDPOINT } from './app.ts';
import { checkLists } from './batching/lists.ts';
import { checkColumns } from './batching/rows.ts';
import type { Config } from './config.ts';
import { checkDatabase } from './gateway/data/postgres/check-database.ts';
import type { SocketShare } from './gateway/process/descriptor-budget.ts';
import { printedSchema } from './graphql/schema.ts';
import { type Connections, createConnections } from './http/connections.ts';
import { createCors } from './http/cors.ts';
import { createGatewayServer } from './http/server.ts';
import { createPressure } from './limits/pressure.ts';
import type { Log } from './log.ts';
import { createLsnTokens } from './lsn-tokens.ts';
import { watchProcess } from './metrics/process-metrics.ts';
import { watchReplicas } from './metrics/replica-metrics.ts';
import { watchWorkers } from './metrics/worker-metrics.ts';
import { createMetrics } from './metrics.ts';
import { examples } from './modules/examples.ts';
import { loadViewer } from './modules/user/policy.ts';
import { createGate } from './plugins/use-gate.ts';
import { createRequestLog } from './request-log.ts';
import { createDatabaseCheck } from './resources/database-check.ts';
import { databaseError } from './resources/database-errors.ts';
import { generatedFields } from './resources/models.ts';
import { openPersistedDocuments } from './resources/persisted.ts';
import { openPostgres } from './resources/postgres.ts';
import { openRateLimitStore } from './resources/rate-limit.ts';
import { openPubSub } from './resources/redis.ts';
import { openReplicas } from './resources/replicas.ts';
import { openResponseCache } from './resources/response-cache.ts';
import { openTraces } from './resources/traces.ts';
import { createTokens } from './tokens.ts';
import type { ConnectionShare } from './workers/connection-budget.ts';
import type { Farewell } from './workers/fleet.ts';
import type { FleetFigures, Siblings, WorkerFigures } from './workers/siblings.ts';

/** What documents that clients register may take in memory. */
const MAX_DOCUMENTS_BYTES = 4 * 2 ** 20;
/** How long a connection may be still: a client that does not read keeps its answer in memory. Subscriptions are pinged every 12 seconds. */
const SILENCE_MS = 30_000;
/** How much later than the deadline PostgreSQL ends a statement: the deadline cancels it, and is what clients shall read of. */
const STATEMENT_MARGIN_MS = 500;

export type WorkerOptions = {
  config: Config;
  databaseUrl: string;
  /** The first signs tokens, all verify. */
  secretKeys: readonly string[];
  /** Whether the database holds the demo users, whom the playground may sign in. */
  hasDemoUsers: boolean;
  /** The migrations that the database needs, by name. */
  migrations: readonly string[];
  /** The connections that it may have. */
  share: ConnectionShare;
  /** The sockets of clients that it may hold. */
  sockets: SocketShare;
  /** What its connections to databases are called. */
  applicationName: string;
  /** The other workers of this machine, where there are any. */
  siblings?: Siblings;
  /** Called for each connection that has closed. */
  onConnectionClose?: () => void;
  log: Log;
};

/** What answers requests: give its `connections` sockets. */
export type Worker = {
  connections: Connections;
  figures(): WorkerFigures;
  close(how: Pick<Farewell, 'isHurried'> & Partial<Farewell>): Promise<void>;
};

/** Opens the resources and makes a server of them, which does not listen. Throws StartError where a resource is not to be had. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { config, databaseUrl, secretKeys, hasDemoUsers, migrations, share, sockets, applicationName, siblings, onConnectionClose, log } =
    options;
  const opened: (() => Promise<void>)[] = [];
  const closeResources = async () => {
    for (const close of opened.toReversed()) await close();
  };
  /** Opens one after the other; where one cannot be, those before it are closed. */
  const open = async <R extends { close: () => Promise<void> }>(opening: Promise<R>): Promise<R> => {
    const resource = await opening.catch(async (error) => {
      await closeResources();
      throw error;
    });
    opened.push(resource.close);
    return resource;
  };
  const { traceSampler: sampler, traceRatio: ratio } = config;
  // First, so that it is closed last, when all spans have ended.
  const traces = config.hasTraces ? await open(openTraces({ sampler, ratio, endpoint: ENDPOINT, databaseUrl }, log)) : undefined;
  const own = { statementTimeoutMs: config.deadlineMs + STATEMENT_MARGIN_MS, applicationName };
  const postgres = await open(openPostgres(databaseUrl, log, { ...own, maxConnections: share.primary }));
  try {
    const keepsAnswers = config.responseCacheMaxBytes !== undefined;
    await checkDatabase(postgres, { databaseUrl, keepsAnswers, generated: generatedFields }, log);
    checkLists(postgres.database);
    checkColumns(postgres.database);
  } catch (error) {
    await closeResources();
    throw error;
  }
  const { replicaUrls: urls, maxReplicaLagMs: maxLagMs } = config;
  const replicas =
    urls.length === 0
      ? undefined
      : await open(openReplicas({ urls, maxLagMs, connections: share.replica, ...own }, postgres.database, log));
  const messages = await open(openPubSub(config.redisUrl, log, { relay: siblings }));
  const { redisUrl, responseCacheMaxBytes: maxBytes } = config;
  const { trustedDocumentsFile: manifestFile, trustedDocuments: mode, hasPersistedQueries: apq } = config;
  const shared = siblings?.documents;
  const persisted = await open(openPersistedDocuments({ manifestFile, mode, apq, redisUrl, shared, maxBytes: MAX_DOCUMENTS_BYTES }, log));
  const version = redisUrl === undefined ? '' : versionOf(printedSchema(), persisted.version);
  const metrics = createMetrics({ knownOperations: persisted.documents.knownNames });
  metrics.watchPool('primary', postgres.pool);
  // Where there are several, the primary shows how many.
  if (siblings) opened.push(siblings.sendMetrics(metrics.registry));
  else watchWorkers(metrics.registry, () => ({ running: 1, losses: 0, budget: config.databaseConnections }));
  const processMetrics = watchProcess(metrics.registry);
  opened.push(async () => processMetrics.close());
  for (const { name, pool } of replicas?.replicas.all ?? []) metrics.watchPool(name, pool);
  if (replicas) watchReplicas(metrics.registry, replicas.replicas.states);
  const onInvalidation = metrics.countInvalidation;
  const responseCache =
    maxBytes === undefined
      ? undefined
      : await open(openResponseCache({ databaseUrl, redisUrl, version, maxBytes, applicationName, onInvalidation }, log));
  if (responseCache?.size) metrics.watchResponses(responseCache.size);
  const counted = await open(openRateLimitStore({ redisUrl, siblings: siblings?.store, onFallback: metrics.setFallback }, log));
  const gate = createGate();
  const pressure = createPressure({
    maxDelayMs: config.maxDelayMs,
    maxCost: config.maxCost,
    oldestWaitMs: gate.oldestWaitMs,
    // Writes wait there. Reads, which replicas serve too, wait in the gate, wherever they go.
    poolWaiters: () => postgres.pool.waitingCount / postgres.pool.options.max,
  });
  opened.push(async () => pressure.close());
  metrics.watchPressure(pressure.level);

  const isCurrent = createDatabaseCheck(postgres.database, migrations);
  const barrier = async () => void (await Promise.all([responseCache?.barrier(), redisUrl === undefined && siblings?.barrier()]));
  // With Redis, what one worker has dropped is dropped for all.
  if (responseCache && redisUrl === undefined) siblings?.onBarrier(responseCache.barrier);
  const requestLog = createRequestLog(log, { slowOperationMs: config.slowOperationMs });
  opened.push(async () => requestLog.close());

  const figures = (): WorkerFigures => ({ connections: connections.size, pool: postgres.figures() });
  const figuresOfAll = async () => {
    const all: FleetFigures = (await siblings?.figures()) ?? { workers: 1, ...figures() };
    return { ...all, pool: { ...all.pool, budget: config.databaseConnections } };
  };

  const app = createApp({
    database: postgres.database,
    batching: { isShared: config.hasBatching, maxConcurrent: postgres.maxReads },
    replicas: replicas && { servers: replicas.replicas, tokens: createLsnTokens({ secretKeys, ttlSeconds: lsnSecondsOf(maxLagMs) }) },
    readMetrics: siblings?.readMetrics,
    responseCache: responseCache && { responses: responseCache.responses, barrier },
    health: {
      isReady: async () => !connections.isStopping && (await isCurrent()),
      figures: figuresOfAll,
    },
    metrics,
    protection: {
      modes: config.limitModes,
      store: counted.store,
      rates: config.rates,
      maxCost: config.maxCost,
      maxima: config.maxima,
      maxBodyBytes: config.maxBodyBytes,
      maxBatch: config.maxBatch,
      maxSubscriptions: config.maxSubscriptions,
      subscriptionPlaces: siblings,
      deadlineMs: config.deadlineMs,
      pressure,
      gate,
      trustedProxies: config.trustedProxies,
      hasIntrospection: config.hasIntrospection,
      documents: persisted.documents,
      metricsToken: config.metricsToken,
    },
    observers: [requestLog],
    tracing: traces?.tracing,
    showsProfile: config.showsProfile,
    prisma: postgres.prisma,
    pubSub: messages.pubSub,
    tokens: createTokens({ secretKeys, ttlSeconds: config.tokenTtlSeconds }),
    loadViewer,
    translateError: databaseError,
    playground: config.hasPlayground ? { examples, hasDemoUsers } : undefined,
    corsOrigins: config.corsOrigins,
    isDebugging: config.isDebugging,
    log,
  });
  const cors = createCors(config.corsOrigins);
  const silenceMs = Math.max(config.deadlineMs, SILENCE_MS);
  const server = createGatewayServer(app.listener, { cors, keepAliveMs: config.keepAliveSeconds * 1000, silenceMs });
  const { connections: max, refused: maxRefused } = sockets;
  const connections = createConnections(server, { max, cors, maxRefused, onClose: onConnectionClose });
  metrics.watchConnections(async () => connections.size);
  return {
    connections,
    figures,
    /** Lets requests finish, ends what lasts longer, and closes what was opened, in reverse order. */
    close: async (how) => {
      await connections.drain(how);
      await closeResources();
    },
  };
}

/** What gateways share in Redis is for those alone that would answer the same. */
const versionOf = (...parts: string[]) => createHash('sha256').update(parts.join('\n')).digest('base64url').slice(0, 12);

/** A replica that is read has replayed, after its longest lag, whatever a viewer has written: positions are of no use for much longer. */
const lsnSecondsOf = (maxLagMs: number) => Math.max(300, 2 * Math.ceil(maxLagMs / 1000));
