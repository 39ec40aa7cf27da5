import { createHash } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp, ENDPOINT } from './app.ts';
import type { Config } from './config.ts';
import { StartError } from './errors.ts';
import { printedSchema } from './graphql/schema.ts';
import { createPressure } from './limits/pressure.ts';
import type { Log } from './log.ts';
import { createMetrics } from './metrics.ts';
import { examples } from './modules/examples.ts';
import { loadViewer } from './modules/user/policy.ts';
import { createGate } from './plugins/use-gate.ts';
import { databaseError } from './resources/database-errors.ts';
import { openPersistedDocuments } from './resources/persisted.ts';
import { openPostgres } from './resources/postgres.ts';
import { openRateLimitStore } from './resources/rate-limit.ts';
import { openPubSub } from './resources/redis.ts';
import { openResponseCache } from './resources/response-cache.ts';
import { createTokens } from './tokens.ts';

/** Addresses that this machine reaches as localhost. */
const LOCAL = ['0.0.0.0', '127.0.0.1', '::', '::1'];
/** How long a client may take to send a request, and the head of it: slower ones hold a connection and memory for nothing. */
const [REQUEST_TIMEOUT_MS, HEADERS_TIMEOUT_MS] = [30_000, 10_000];
/** What documents that clients register may take in memory. */
const MAX_DOCUMENTS_BYTES = 4 * 2 ** 20;
/** How long a connection may be still: a client that does not read keeps its answer in memory. Subscriptions are pinged every 12 seconds. */
const SILENCE_MS = 30_000;
/** How long requests that are under way may take to finish when the gateway stops. */
const DRAIN_MS = 25_000;

export type WorkerOptions = {
  config: Config;
  databaseUrl: string;
  /** The first signs tokens, all verify. */
  secretKeys: readonly string[];
  /** Whether the database holds the demo users, whom the playground may sign in. */
  hasDemoUsers: boolean;
  log: Log;
};

/** Opens the resources, listens, and returns how to stop. Throws StartError where a resource or the port is not to be had. */
export async function startWorker({ config, databaseUrl, secretKeys, hasDemoUsers, log }: WorkerOptions) {
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
  const postgres = await open(openPostgres(databaseUrl, log, { statementTimeoutMs: config.deadlineMs }));
  const messages = await open(openPubSub(config.redisUrl, log));
  const { redisUrl, responseCacheMaxBytes: maxBytes } = config;
  const { trustedDocumentsFile: manifestFile, trustedDocuments: mode, hasPersistedQueries: apq } = config;
  const persisted = await open(openPersistedDocuments({ manifestFile, mode, apq, redisUrl, maxBytes: MAX_DOCUMENTS_BYTES }, log));
  const version = redisUrl === undefined ? '' : versionOf(printedSchema(), persisted.version);
  const responseCache =
    maxBytes === undefined ? undefined : await open(openResponseCache({ databaseUrl, redisUrl, version, maxBytes }, log));
  const metrics = createMetrics({ knownOperations: persisted.documents.knownNames });
  const counted = await open(openRateLimitStore({ redisUrl, onFallback: metrics.setFallback }, log));
  const gate = createGate();
  const pressure = createPressure({
    maxDelayMs: config.maxDelayMs,
    maxCost: config.maxCost,
    oldestWaitMs: gate.oldestWaitMs,
    poolWaiters: () => postgres.pool.waitingCount / postgres.pool.options.max,
  });
  opened.push(async () => pressure.close());
  metrics.watchPressure(pressure.level);

  const app = createApp({
    database: postgres.database,
    batching: { isShared: config.hasBatching, maxConcurrent: postgres.maxReads },
    responseCache,
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
      deadlineMs: config.deadlineMs,
      pressure,
      gate,
      trustedProxies: config.trustedProxies,
      hasIntrospection: config.hasIntrospection,
      documents: persisted.documents,
      metricsToken: config.metricsToken,
    },
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
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: HEADERS_TIMEOUT_MS }, app.listener);
  server.setTimeout(Math.max(config.deadlineMs, SILENCE_MS));
  const responses = watchResponses(server);
  await listen(server, config).catch(async (error) => {
    await closeResources();
    throw error;
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${LOCAL.includes(config.host) ? 'localhost' : config.host.includes(':') ? `[${config.host}]` : config.host}:${port}${ENDPOINT}`,
    /** Stops accepting, lets requests finish, ends what lasts longer, and closes what was opened, in reverse order. */
    close: async () => {
      await drain(server, responses);
      await closeResources();
    },
  };
}

/** What gateways share in Redis is for those alone that would answer the same. */
const versionOf = (...parts: string[]) => createHash('sha256').update(parts.join('\n')).digest('base64url').slice(0, 12);

function listen(server: Server, { host, port }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE';
      reject(
        new StartError(
          isTaken
            ? `Port ${port} is taken: another program, or another Convoy, listens there. Set PORT to a free one.`
            : `Cannot listen on ${host}:${port} (${error.code}).`,
        ),
      );
    });
    server.listen(port, host, resolve);
  });
}

/** The answers that are under way. */
function watchResponses(server: Server): ReadonlySet<ServerResponse> {
  const open = new Set<ServerResponse>();
  server.on('request', (_request, response) => {
    open.add(response);
    // A server that stops accepting leaves a kept connection open until its client goes: each tells its client to.
    if (!server.listening) response.setHeader('connection', 'close');
    response.once('close', () => open.delete(response));
  });
  return open;
}

function drain(server: Server, open: ReadonlySet<ServerResponse>): Promise<void> {
  return new Promise((resolve) => {
    const end = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    server.close(() => {
      clearTimeout(end);
      resolve();
    });
    server.closeIdleConnections();
    for (const response of open) {
      // A subscription, whose answer has begun and does not end, would last until the end of the wait. Cut off without `complete`,
      // its client connects again, elsewhere. Yoga writes headers past setHeader: the request tells which answers are streams.
      if (!response.headersSent) response.setHeader('connection', 'close');
      else if (response.req.headers.accept?.includes('text/event-stream')) response.destroy();
    }
  });
}
