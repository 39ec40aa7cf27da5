// A gateway over a primary and its replicas, and what it sends to each of them.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { type ReplicaServersOptions, startReplicaServers } from '../../harness/replica-servers.ts';
import { demoId } from '../../prisma/seed/demo.ts';
import type { ProtectionDeps } from '../../src/app-deps.ts';
import type { BatcherOptions } from '../../src/batching/batcher.ts';
import type { Role } from '../../src/generated/prisma/enums.ts';
import { encodeId } from '../../src/graphql/ids.ts';
import { createLog } from '../../src/log.ts';
import { createLsnTokens } from '../../src/lsn-tokens.ts';
import { openPostgres } from '../../src/resources/postgres.ts';
import { openPubSub } from '../../src/resources/redis.ts';
import { openReplicas } from '../../src/resources/replicas.ts';
import { openResponseCache } from '../../src/resources/response-cache.ts';
import { createTokens } from '../../src/tokens.ts';
import { anAppOver, aProtection } from './app-deps.ts';
import { until } from './batching.ts';
import { watchStatements } from './statements.ts';
import { type Answer, SECRET_KEY } from './world.ts';

export type Servers = Awaited<ReturnType<typeof startReplicaServers>>;
type AskOptions = { as?: Role; headers?: Record<string, string>; method?: 'GET' | 'POST'; signal?: AbortSignal };

export const UPDATE = 'mutation ($input: UpdateHiringFormInput!) { updateHiringForm(input: $input) { hiringForm { forRole } } }';
export const ROLE = 'query ($id: ID!) { node(id: $id) { ... on HiringForm { forRole } } }';
export const opening = (id: number) => encodeId('HiringForm', id);
export const lsnTokens = createLsnTokens({ secretKeys: [SECRET_KEY], ttlSeconds: 300 });

/** For the top of a file: servers that its tests share. */
export function withReplicaServers(options: ReplicaServersOptions): () => Servers {
  let servers: Servers;
  beforeAll(async () => {
    servers = await startReplicaServers(options);
  }, 60_000);
  afterAll(() => servers?.close(), 30_000);
  return () => servers;
}

/** `urls`: of the replicas; default all. Everything is closed when the test ends, and an error in the log fails it. */
export async function aReplicatedApp(
  { primary, replicas }: Servers,
  {
    urls = replicas.map(({ url }) => url),
    maxLagMs = 1000,
    connections = 6,
    statementTimeoutMs = 10_000,
    hasCache = false,
    batching = {} as BatcherOptions,
    protection = {} as Partial<ProtectionDeps>,
  } = {},
) {
  const logged: { level: number; msg: string; replica?: string; reason?: string }[] = [];
  const log = createLog({ level: 'debug', destination: { write: (line: string) => void logged.push(JSON.parse(line)) } });
  const postgres = await openPostgres(primary.url, log, { statementTimeoutMs });
  const opened = await openReplicas({ urls, connections, maxLagMs, statementTimeoutMs }, postgres.database, log);
  const messages = await openPubSub(undefined, log);
  const cache = hasCache
    ? await openResponseCache({ databaseUrl: primary.url, redisUrl: undefined, version: 'test', maxBytes: 2 ** 24 }, log)
    : undefined;
  const tokens = createTokens({ secretKeys: [SECRET_KEY], ttlSeconds: 600 });
  const app = anAppOver({
    database: postgres.database,
    replicas: { servers: opened.replicas, tokens: lsnTokens },
    prisma: postgres.prisma,
    pubSub: messages.pubSub,
    protection: aProtection(protection),
    responseCache: cache,
    compileAfter: 0,
    batching,
    tokens,
    log,
  });
  const server = createServer(app.listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const watched = [primary, ...replicas].map(({ url }) => watchStatements(url));
  let closing: Promise<void> | undefined;
  const closeReplicas = () => {
    closing ??= opened.close();
    return closing;
  };
  onTestFinished(async () => {
    for (const { stop } of watched) stop();
    server.closeAllConnections();
    server.close();
    await cache?.close();
    await messages.close();
    await closeReplicas();
    await postgres.close();
    const errors = logged.filter(({ level }) => level >= 50);
    if (errors.length > 0) throw new Error(`The log has unexpected errors:\n${JSON.stringify(errors, null, 1)}`);
  });

  const url = `http://127.0.0.1:${port}/graphql`;
  const send = async (operation: unknown, { as, headers = {}, method = 'POST', signal }: AskOptions = {}): Promise<Response> => {
    const bearer = as && (await tokens.sign(demoId(as))).token;
    const all = { 'content-type': 'application/json', ...(bearer ? { authorization: `Bearer ${bearer}` } : {}), ...headers };
    if (method === 'POST') return await fetch(url, { method, headers: all, body: JSON.stringify(operation), signal });
    const { query, variables } = operation as { query: string; variables: object };
    return await fetch(`${url}?${new URLSearchParams({ query, variables: JSON.stringify(variables) })}`, { headers: all, signal });
  };
  const ask = async (query: string, variables: object = {}, options: AskOptions = {}): Promise<Answer> => {
    const response = await send({ query, variables }, options);
    const { data, errors } = (await response.json()) as Answer;
    return { status: response.status, headers: response.headers, data, errors };
  };
  /** How many statements of requests `work` sends to the primary and to each replica, in this order; who asks, which the primary is asked, apart. */
  const sentDuring = async (work: () => Promise<unknown>): Promise<number[]> => {
    const over = Promise.withResolvers<void>();
    const sent = watched.map(({ during }) => during(() => over.promise));
    await work();
    over.resolve();
    return (await Promise.all(sent)).map((texts, i) => texts.filter((text) => isOfRequest(text) && !(i === 0 && isOfViewer(text))).length);
  };
  const isIn = (i: number) => opened.replicas.states()[i]?.isIn ?? false;
  return {
    app,
    url,
    ask,
    send,
    sentDuring,
    logged,
    isIn,
    replicas: opened.replicas,
    closeReplicas,
    untilIn: (i: number, expected = true) => until(() => isIn(i) === expected, `replica ${i} is ${expected ? 'in' : 'out'}`),
    /** What the log says of a replica, in order: `in out in`. */
    changesOf: (name: string) =>
      logged
        .filter(({ level, replica }) => level > 20 && replica === name)
        .map(({ msg }) => (msg === 'a replica is read' ? 'in' : 'out'))
        .join(' '),
    /** Writes a role into an opening, and returns the answer. */
    write: (id: number, forRole: string) => ask(UPDATE, { input: { id: opening(id), forRole } }, { as: 'ADMIN' }),
    /** Reads the role as the same user. */
    read: async (id: number, headers: Record<string, string> = {}): Promise<string> =>
      (await ask(ROLE, { id: opening(id) }, { as: 'ADMIN', headers })).data.node.forRole,
  };
}

const isOfViewer = (text: string) => text.includes('from "users" where "id" = any');

/** The monitors ask all the time. */
const isOfRequest = (text: string) => !text.includes('pg_control_system');

/** What a browser sends after an answer: its cookie. */
export const cookieOf = ({ headers }: { headers: Headers }): { cookie: string } => ({
  cookie: headers.getSetCookie()[0]?.split(';')[0] ?? '',
});
/** What another client sends after an answer. */
export const lsnHeaderOf = ({ headers }: { headers: Headers }) => ({ 'x-convoy-lsn': headers.get('x-convoy-lsn') ?? '' });
