import pg from 'pg';
import type { Database } from '../batching/database.ts';
import type { Statement } from '../batching/statement.ts';
import type { Log } from '../log.ts';
import { createConnectionPool } from './connection-pool.ts';
import { databaseError } from './database-errors.ts';
import { parseDatabaseUrl } from './database-url.ts';
import { createPooledDatabase, MAX_READS } from './pooled-database.ts';
import type { PrimaryWatch } from './primary-watch.ts';
import { createReplicaWatch } from './replica-watch.ts';

export type ReplicaOptions = {
  url: string;
  /** Connections to it, that which asks how far it is among them; at least 2. The URL's `connection_limit` holds where it is smaller. */
  connections?: number;
  maxLagMs: number;
  /** What the server shows of connections. Default `convoy`. */
  applicationName?: string;
  statementTimeoutMs?: number;
  /** Runs what the replica cannot. */
  primary: Database;
  primaryWatch: PrimaryWatch;
  log: Log;
};

/** How long a statement waits for a connection, in milliseconds: the primary can run it too. */
const POOL_TIMEOUT_MS = 1000;
const LOST = new Error('The replica is gone.');
/** A server that gives unused connections back sooner than the pool does is well. */
const IDLE_SESSION_TIMEOUT = '57P05';

export type Replica = ReturnType<typeof createReplica>;

/**
 * A replica's pool, the port that loaders read through, and the watch over it. A statement that the replica does not answer is run again
 * on the primary, which is never behind, but for one that has taken too long. Connections are made when they are needed.
 */
export function createReplica(options: ReplicaOptions) {
  const { url, connections, maxLagMs, statementTimeoutMs, applicationName = 'convoy', primary, primaryWatch, log } = options;
  const bounds = { statementTimeoutMs, maxConnections: connections, setting: 'DATABASE_REPLICA_URLS' };
  const { max: limit = 10, ...config } = parseDatabaseUrl(url, bounds);
  const client = { ...config, application_name: applicationName };
  const connectionTimeoutMillis = Math.min(config.connectionTimeoutMillis || POOL_TIMEOUT_MS, POOL_TIMEOUT_MS);
  const max = Math.max(1, limit - 1);
  const pool = createConnectionPool({ ...client, max, connectionTimeoutMillis, allowExitOnIdle: true }, log);
  const { host = 'localhost', port = 5432 } = config;
  const address = { host, port };
  const name = `${host}:${port}`;
  /** Ends the wait for each statement that is under way. */
  const underWay = new Set<() => void>();
  let epoch = 0;
  let fallbacks = 0;

  const watch = createReplicaWatch({
    name,
    client,
    primary: primaryWatch,
    maxLagMs,
    onLeave: (isLost) => {
      epoch++;
      if (isLost) for (const end of underWay) end();
    },
    log,
  });
  // A server that crashes may be back before it is asked again, and behind what it has shown.
  pool.on('error', (error) => {
    const code = Reflect.get(error, 'code');
    if (code !== IDLE_SESSION_TIMEOUT) watch.lose(`it has closed a connection (${code ?? error.message})`);
  });
  const own = createPooledDatabase(pool, primary.table);

  async function attempt<R extends object>(text: string, values: readonly unknown[], signal: AbortSignal | undefined): Promise<R[]> {
    const controller = new AbortController();
    const abort = () => controller.abort(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    const { promise: lost, reject } = Promise.withResolvers<never>();
    // Cancelling takes its time on a server that does not answer: nobody waits for that.
    const end = () => {
      reject(LOST);
      controller.abort(LOST);
    };
    underWay.add(end);
    try {
      return await Promise.race([own.query<R>(text, values, controller.signal), lost]);
    } finally {
      underWay.delete(end);
      signal?.removeEventListener('abort', abort);
    }
  }

  const database: Database = {
    table: primary.table,
    async query<R extends object>(text: string, values: readonly unknown[], signal?: AbortSignal, statement?: Statement) {
      if (signal?.aborted) throw signal.reason;
      // What waited for its turn while the replica was left out.
      if (!watch.isIn) return await primary.query<R>(text, values, signal);
      if (statement) statement.server = address;
      try {
        return await attempt<R>(text, values, signal);
      } catch (error) {
        if (signal?.aborted || hasTakenTooLong(error)) throw error;
        if (isLoss(error)) watch.lose(`a statement failed (${Reflect.get(error as Error, 'code') ?? (error as Error).message})`);
        epoch++;
        fallbacks++;
        log.debug({ replica: name, err: error }, 'a statement is run again on the primary');
        if (statement) statement.server = undefined;
        return await primary.query<R>(text, values, signal);
      }
    },
  };

  return {
    /** Host and port. */
    name,
    database,
    pool,
    /** How many statements may be under way at once. */
    maxReads: Math.min(MAX_READS, max),
    /** How many statements are under way. */
    get underWay(): number {
      return underWay.size;
    },
    /** Changes when the replica is left out, and when the primary has run a statement in its place: who began to read here may have read newer data since. */
    get epoch(): number {
      return epoch;
    },
    /** How many statements the primary has run in its place. */
    get fallbacks(): number {
      return fallbacks;
    },
    watch,
    async close(): Promise<void> {
      watch.close();
      await pool.end();
    },
  };
}

/** Whether the server ended a statement because of its length. It ends others with the same code, for the sake of what is to be replayed. */
function hasTakenTooLong(error: unknown): boolean {
  // Those say in a detail what they stood in the way of. Messages are in the server's language.
  return error instanceof pg.DatabaseError && error.code === '57014' && error.detail === undefined;
}

/** The statement's own misfortune, or that of one connection: the server goes on. */
const PASSING = ['40001', '40P01', '53300'];

function isLoss(error: unknown): boolean {
  const isUnavailable = databaseError(error)?.extensions.code === 'DATABASE_UNAVAILABLE';
  return isUnavailable && !(error instanceof pg.DatabaseError && PASSING.includes(error.code ?? ''));
}
