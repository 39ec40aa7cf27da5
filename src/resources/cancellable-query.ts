// Statements that are cancelled in the server when nobody wants them any more. A cancel request names a connection and no statement: one
// that comes late hits whatever the connection runs then. So a connection goes back to the pool only when its statement is over and
// the server has closed every request for it; where that is not known in time, the connection is closed.

import pg from 'pg';
import { hasParsed, isStale, parsedAgain } from '../gateway/data/postgres/prepared-statement.ts';
import { within } from '../gateway/timeout-after-poll.ts';
import { sendCancelRequest } from './cancel-request.ts';
import { connectedAt } from './connection-pool.ts';
import { databaseError } from './database-errors.ts';

/** How long a statement may take to be cancelled before its connection is closed instead. */
const CANCEL_MS = 1000;
/** How long a request is given to work before it is sent again, the first time: one that comes before its statement hits nothing. */
const FIRST_PAUSE_MS = 10;
/** A connection that was dead already says so within a round trip; one that an operator ends under a statement has run for longer. */
const AT_ONCE_MS = 250;

type Outcome<R> = { rows: R[] } | { error: unknown };

/**
 * Runs a statement that reads on a connection of the pool. When `signal` is aborted it stops waiting for a connection, or cancels the
 * statement, and rejects with the signal's reason; by then the connection is free again. Rejects with Overloaded where none comes free.
 *
 * A statement that is lost at once, on a connection that was there before it, is run once more on a new one: nobody had noticed that
 * the connection was dead. A server that has crashed takes no new one before it has recovered, so that no statement crashes it twice.
 * A statement whose parsed form does not fit the tables any more is parsed again and run once more on the same connection.
 */
export function cancellableQuery<R extends pg.QueryResultRow>(pool: pg.Pool, config: pg.QueryConfig, signal: AbortSignal): Promise<R[]> {
  return attempt(pool, config, signal, undefined);
}

/** `lostAt`: when the first attempt was lost. The second one closes connections that are older. */
function attempt<R extends pg.QueryResultRow>(
  pool: pg.Pool,
  config: pg.QueryConfig,
  signal: AbortSignal,
  lostAt: number | undefined,
): Promise<R[]> {
  if (signal.aborted) return Promise.reject(signal.reason);
  const { promise, resolve, reject } = Promise.withResolvers<R[]>();
  let abort = () => reject(signal.reason);
  const onAbort = () => abort();
  signal.addEventListener('abort', onAbort, { once: true });
  const askedAt = performance.now();

  pool.connect((failure, client, release) => {
    // The pool does not let go of whoever waits, and may have no connection for them in the end. In a turn of its own: many who have left
    // would make a deep stack.
    if (signal.aborted) return void (client && process.nextTick(release));
    if (!client) {
      signal.removeEventListener('abort', onAbort);
      return reject(databaseError(failure) ?? failure);
    }
    if (lostAt !== undefined && connectedAt(client) < lostAt) {
      signal.removeEventListener('abort', onAbort);
      release(true);
      return resolve(attempt(pool, config, signal, lostAt));
    }
    let outcome: Outcome<R> | undefined;
    let isCancelling = false;
    const finish = (isFit: boolean) => {
      signal.removeEventListener('abort', onAbort);
      client.removeListener('error', ignore);
      release(!isFit);
      if (outcome && 'rows' in outcome) resolve(outcome.rows);
      else if (signal.aborted) reject(signal.reason);
      else if (lostAt === undefined && wasDead(outcome?.error)) resolve(attempt(pool, config, signal, performance.now()));
      else reject(outcome?.error);
    };
    const sentAt = performance.now();
    const wasDead = (error: unknown) => {
      const wasThereBefore = connectedAt(client) < askedAt;
      return wasThereBefore && performance.now() - sentAt < AT_ONCE_MS && isOfConnection(error);
    };
    abort = () => {
      isCancelling = true;
      void cancel(client).then(finish);
    };
    // A connection that is lost tells the statement too; without a listener it would end the process.
    client.on('error', ignore);
    const hadParsed = hasParsed(client, config.name);
    const take = (error: Error | null | undefined, { rows }: { rows: R[] }, isSecond: boolean) => {
      // Of parameters that cannot be sent it tells at once, and again when the server is ready.
      if (outcome) return;
      if (!isSecond && !isCancelling && isStale(error, hadParsed)) {
        client.query(parsedAgain<R>(config, (failure, result) => take(failure, result ?? { rows: [] }, true)));
        return;
      }
      outcome = error ? { error } : { rows };
      if (isCancelling) return;
      // There is nothing to cancel any more.
      abort = ignore;
      // Whether the server has kept the connection is what it sends next: the word for how bad an error is comes in its language.
      if (error instanceof pg.DatabaseError) void settled(client).then(finish);
      else finish(!error);
    };
    client.query<R>(config, (error, result) => take(error, result ?? { rows: [] }, false));
  });
  return promise;
}

function ignore(): void {}

/** Whether the connection ended. Of the server's own words it is only that it was told to end it: an operator's, or its own shutdown. */
function isOfConnection(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return error.code === '57P01';
  return databaseError(error)?.extensions.code === 'DATABASE_UNAVAILABLE';
}

/** Resolves to true when the server is ready for the next statement, and to false where the connection ends before. */
function settled(client: pg.ClientBase): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const settle = (isReady: boolean) => () => {
    client.removeListener('drain', onReady).removeListener('end', onEnd);
    resolve(isReady);
  };
  const [onReady, onEnd] = [settle(true), settle(false)];
  client.once('drain', onReady).once('end', onEnd);
  return promise;
}

/** Cancels what a client runs. Resolves when that is over: to true when no cancel request can come any more, and the connection is whole. */
async function cancel(client: pg.ClientBase): Promise<boolean> {
  const end = performance.now() + CANCEL_MS;
  let isReady: boolean | undefined;
  const over = settled(client).then((is) => {
    isReady = is;
  });
  try {
    for (let pauseMs = FIRST_PAUSE_MS; isReady === undefined; pauseMs *= 2) {
      const leftMs = end - performance.now();
      if (leftMs <= 0) return false;
      await sendCancelRequest(client, leftMs);
      await within(over, Math.min(pauseMs, leftMs)).catch(() => undefined);
    }
    return isReady;
  } catch {
    // Whether the request will come is not known.
    return false;
  }
}
