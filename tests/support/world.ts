// What a test needs of the world: the whole gateway on a database of its own, its users, and a count of what it sends.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { demoId } from '../../prisma/seed/demo.ts';
import type { App } from '../../src/app.ts';
import type { ProtectionDeps } from '../../src/app-deps.ts';
import type { BatcherOptions } from '../../src/batching/batcher.ts';
import type { Role } from '../../src/generated/prisma/enums.ts';
import type { RequestObserver } from '../../src/http/request-record.ts';
import { createLog } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { createGate } from '../../src/plugins/use-gate.ts';
import { openPostgres } from '../../src/resources/postgres.ts';
import { openPubSub } from '../../src/resources/redis.ts';
import { openResponseCache } from '../../src/resources/response-cache.ts';
import { createTokens } from '../../src/tokens.ts';
import { anAppOver, aProtection } from './app-deps.ts';
import { createDatabase, SEEDED_SCALE } from './database.ts';
import { watchStatements } from './statements.ts';

export type Answer = {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: an answer has the shape of its query.
  data: any;
  // biome-ignore lint/suspicious/noExplicitAny: extensions have the shape of their code.
  errors: { message: string; path?: (string | number)[]; extensions: { code: string } & Record<string, any> }[] | undefined;
};

type AskOptions = { as?: Role; token?: string; headers?: Record<string, string> };

export const SECRET_KEY = 'a key for tests that is long enough to sign with';

/** Whether the suite runs without what makes the gateway fast: its answers must be the same. `CONVOY_TEST_PLAIN=true npm test` */
const isPlain = process.env.CONVOY_TEST_PLAIN === 'true';

/** Rows are shared by requests: whoever writes to one fails. */
function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
}

/**
 * `isDirect`: requests go to the app without a socket, so that those of one turn of the event loop arrive in one.
 * `protection`: limits; those of rates are off where `modes` do not say otherwise. `responseCache`: keeps answers that visitors share, in memory or in the Redis that is given. `beside`: another gateway, whose
 * database it works on.
 *
 * A gateway on a database of its own, holding the demo data at scale 0.01 unless `isSeeded` is false. Everything is closed when the
 * test ends, and an unexpected error in the log fails it; `expectsErrors` lifts that for tests that break the database.
 */
export async function anApp({
  isSeeded = true,
  expectsErrors = false,
  poolOptions = '',
  batching = {} as BatcherOptions,
  showsProfile = false,
  maxQueries = undefined as number | undefined,
  isDirect = isPlain,
  responseCache = undefined as { redisUrl?: string } | undefined,
  beside = undefined as { databaseUrl: string } | undefined,
  corsOrigins = [] as string[],
  protection = {} as Partial<ProtectionDeps>,
  observers = [] as readonly RequestObserver[],
  compileAfter = isPlain ? Number.POSITIVE_INFINITY : 0,
} = {}) {
  const database = beside
    ? { url: beside.databaseUrl, drop: async () => undefined }
    : await createDatabase(isSeeded ? { seedScale: SEEDED_SCALE } : {});
  const logged: string[] = [];
  const log = createLog({ level: 'error', destination: { write: (line: string) => void logged.push(line) } });
  const postgres = await openPostgres(`${database.url}${poolOptions}`, log);
  const messages = await openPubSub(undefined, log);
  const metrics = createMetrics();
  metrics.watchPool('primary', postgres.pool);
  const cacheOptions = {
    databaseUrl: database.url,
    redisUrl: responseCache?.redisUrl,
    version: 'test',
    maxBytes: 2 ** 24,
    onInvalidation: metrics.countInvalidation,
  };
  const cache = responseCache && (await openResponseCache(cacheOptions, log));
  if (cache?.size) metrics.watchResponses(cache.size);
  const tokens = createTokens({ secretKeys: [SECRET_KEY], ttlSeconds: 600 });
  const app: App = anAppOver({
    database: postgres.database,
    protection: aProtection({ gate: createGate(maxQueries), ...protection }),
    metrics,
    showsProfile,
    compileAfter,
    batching: { isShared: !isPlain, onShared: deepFreeze, ...batching },
    prisma: postgres.prisma,
    pubSub: messages.pubSub,
    tokens,
    responseCache: cache,
    corsOrigins,
    observers,
    log,
  });
  const statements = watchStatements(database.url);
  // As it is served: over a socket, by the fast lane.
  const server = createServer(app.listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  onTestFinished(async () => {
    statements.stop();
    server.closeAllConnections();
    server.close();
    await cache?.close();
    await messages.close();
    await postgres.close();
    await database.drop();
    if (!expectsErrors && logged.length > 0) throw new Error(`The log has unexpected errors:\n${logged.join('\n')}`);
  });

  /** Sends a request as it comes over HTTP. */
  const send = async (body: unknown, { as, token, headers = {} }: AskOptions = {}): Promise<Response> => {
    const bearer = token ?? (as && (await tokens.sign(demoId(as))).token);
    return await (isDirect ? app.fetch : fetch)(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json',
        ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
        ...headers,
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  };

  /** Runs an operation, as the demo's user of a role where one is given. */
  const ask = async (query: string, variables: Record<string, unknown> = {}, options: AskOptions = {}): Promise<Answer> => {
    const response = await send({ query, variables }, options);
    const { data, errors } = await response.json();
    return { status: response.status, headers: response.headers, data, errors };
  };

  const url = `http://127.0.0.1:${port}/graphql`;
  return { app, url, ask, send, tokens, metrics, statements, logged, databaseUrl: database.url, ...postgres };
}
