import type { Socket } from 'node:net';
import pg from 'pg';
import { SessionClient, type SessionConfig } from '../gateway/data/postgres/session-client.ts';
import type { Log } from '../log.ts';

export type PoolConfig = pg.PoolConfig & SessionConfig;

export type PoolOptions = {
  /** How long a connection may be unused before it is given back to the server, in milliseconds. Default 10000. */
  idleTimeoutMs?: number;
};

/** How long after its `statement_timeout` a server may still be on its way with the answer. */
const SILENCE_MARGIN_MS = 1000;
/** From when on the system asks the other side of a quiet connection for a sign of life: the only bound where there is no `statement_timeout`. */
const KEEP_ALIVE_MS = 10_000;
/** Longer than Prisma's own bound for a transaction, see prisma.ts: it has rolled back before, where the gateway is still there. */
const IDLE_IN_TRANSACTION_MS = 15_000;

const birthdays = new WeakMap<pg.ClientBase, number>();

/**
 * A pool whose connections do not outlive their use, and whose dead ones do not stay. A connection that is dead without a word, as behind
 * a firewall that has forgotten it, is closed when its server owes an answer for longer than `statement_timeout` allows; node-postgres's
 * `query_timeout` would leave it in the pool, with the late answer still to come. Where there is no `statement_timeout`, nothing is owed
 * at any time, and only the system's own bounds hold.
 */
export function createConnectionPool(config: PoolConfig, log: Log, { idleTimeoutMs = 10_000 }: PoolOptions = {}): pg.Pool {
  const pool = new pg.Pool({
    ...config,
    idleTimeoutMillis: idleTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    // A gateway that vanishes with its machine leaves its transactions open, with their locks.
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    Client: SessionClient,
  });
  // Without a listener, an idle connection that the server closes would end the process. The error itself is not for the log: the pool
  // hangs the whole client on it, with the key that cancels its statements.
  pool.on('error', ({ message }) => log.warn({ reason: message }, 'an idle database connection was lost'));
  const statementTimeoutMs = Number(config.statement_timeout || 0);
  pool.on('connect', (client) => {
    birthdays.set(client, performance.now());
    if (statementTimeoutMs > 0) endSilence(client, statementTimeoutMs + SILENCE_MARGIN_MS, log);
  });
  return pool;
}

/** When a client of such a pool was connected, by performance.now(). One of another pool counts as new, always. */
export function connectedAt(client: pg.ClientBase): number {
  return birthdays.get(client) ?? Number.POSITIVE_INFINITY;
}

/** What of node-postgres is needed here and is not in its types: whether the server has answered everything that it was sent. */
type Watched = { readyForQuery: boolean; connection: { stream: Socket } };

function endSilence(client: pg.ClientBase, silenceMs: number, log: Log): void {
  const watched = client as unknown as Watched;
  const { stream } = watched.connection;
  // The socket's own timer starts anew with whatever is sent or comes. A callback given to `setTimeout` would be called once.
  stream.setTimeout(silenceMs);
  stream.on('timeout', () => {
    const { bytesRead } = stream;
    // What has come while this process had no time to read it is read first.
    setImmediate(() => {
      // A farewell that nobody hears is not waited for either.
      if (stream.bytesRead !== bytesRead || (watched.readyForQuery && !stream.writableEnded)) return;
      log.warn({ silenceMs }, 'a database connection that has been silent for too long is closed');
      stream.destroy(new Error(`Connection terminated: the database has been silent for ${silenceMs} ms.`));
    });
  });
}
