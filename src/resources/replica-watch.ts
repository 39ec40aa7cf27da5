// Whether a replica may be read, and how far it is: it is asked all the time, over a connection of its own, because one of its pool may
// have to be waited for, and a replica that is busy is not a replica that is gone.

import pg from 'pg';
import { SessionClient, type SessionConfig } from '../gateway/data/postgres/session-client.ts';
import { within } from '../gateway/timeout-after-poll.ts';
import type { Log } from '../log.ts';
import { IDENTITY, type PrimaryWatch } from './primary-watch.ts';

export type ReplicaWatchOptions = {
  /** For people: host and port. */
  name: string;
  client: SessionConfig;
  primary: PrimaryWatch;
  /** How far behind it may be, in milliseconds. */
  maxLagMs: number;
  /** Called when it is not to be read any more; `isLost`: what is under way there will have no answer. */
  onLeave: (isLost: boolean) => void;
  log: Log;
};

/** How long an answer may take, in milliseconds. */
const TIMEOUT_MS = 1000;
/** A replica that was left out comes back after so many good answers in a row: one at the limit does not come and go all the time. */
const GOOD_ANSWERS = 3;

const QUESTION = `select pg_is_in_recovery() as "isReplica", (pg_last_wal_replay_lsn() - '0/0')::text as replayed,
  ${IDENTITY} as identity from pg_control_system()`;

const UNKNOWN = 'it lags, and it is not known how far';
const AHEAD = 'it has replayed what the primary has not written';

type Answer = { isReplica: boolean; replayed: string | null; identity: string };

export type ReplicaWatch = ReturnType<typeof createReplicaWatch>;

export function createReplicaWatch({ name, client: config, primary, maxLagMs, onLeave, log }: ReplicaWatchOptions) {
  let client: pg.Client | undefined;
  let isIn: boolean | undefined;
  let isClosed = false;
  let goodAnswers = 0;
  /** What it is known to have replayed; undefined since it was lost. */
  let replayed: { lsn: bigint; at: number } | undefined;
  /** The furthest that it was ever known to be: what was once read there must be there when it comes back. */
  let furthest = 0n;
  /** Where it was ahead of the primary. */
  let parted: bigint | undefined;
  /** The last known moment whose data it shows. */
  let moment: number | undefined;
  /** Grows when it is lost: an answer to a question from before says nothing. */
  let losses = 0;

  function leave(reason: string, isLost: boolean): void {
    goodAnswers = 0;
    if (isClosed) return;
    if (isIn !== false) log.warn({ replica: name, reason }, 'a replica is not read');
    isIn = false;
    onLeave(isLost);
  }

  /** For whoever finds that it is gone. It is read again when it has answered questions that are asked from now on. */
  function lose(reason: string): void {
    losses++;
    replayed = undefined;
    leave(reason, true);
  }

  /** How old its data is at least, in milliseconds, and whether it is no older; undefined where the primary has not answered yet. */
  function lag(): { ms: number; isExact: boolean } | undefined {
    const from = moment ?? primary.since;
    if (!primary.latest || from === undefined) return undefined;
    return { ms: Math.max(0, primary.latest.at - from), isExact: moment !== undefined };
  }

  /** Why it may not be read; undefined where it may. */
  function objectionTo({ isReplica, identity }: Answer, lsn: bigint): string | undefined {
    if (!isReplica) return 'it is no replica, or has been promoted';
    moment = primary.momentOf(lsn) ?? moment;
    const [{ latest }, known] = [primary, lag()];
    if (!latest || !known) return 'the primary has not said how far it is';
    if (identity !== primary.identity) return "it is of another cluster, database or schema than the primary's";
    if (replayed && replayed.at <= latest.at) {
      // What it has shown beyond that is nowhere any more.
      if (furthest > latest.lsn) furthest = latest.lsn;
      // After a failover, one that had come further than the new primary holds what that has never had.
      if (replayed.lsn > latest.lsn) parted = lsn;
    }
    // The primary will be ahead of it again. One that follows it has moved, forward or, rewound, back.
    if (parted === lsn) return AHEAD;
    parted = undefined;
    // A lag that is no number is no reason to read it.
    if (!(known.ms <= maxLagMs)) return `it lags ${Math.round(known.ms)} ms`;
    if (!known.isExact) return UNKNOWN;
    // One that crashed opens at an earlier point than it had shown. A primary that was restored begins anew.
    if (lsn < furthest && lsn < latest.lsn) return 'it has not yet come to where it was';
    return undefined;
  }

  async function connect(): Promise<pg.Client> {
    const fresh = new SessionClient({ ...config, connectionTimeoutMillis: 0 });
    const onLoss = (error?: Error) => {
      if (client === fresh) drop(error);
    };
    fresh.on('error', onLoss).on('end', () => onLoss());
    client = fresh;
    await fresh.connect();
    // Nobody waits for it: the process may end.
    (fresh as unknown as { unref(): void }).unref();
    return fresh;
  }

  function drop(error?: Error): void {
    client?.connection.stream.destroy();
    client = undefined;
    if (!isClosed) lose(`it does not answer (${error ? reasonOf(error) : 'it has closed the connection'})`);
  }

  /** Asks once; it never rejects. Resolves to whether it was answered. */
  async function ask(): Promise<boolean> {
    try {
      const asked = client ?? (await within(connect(), TIMEOUT_MS));
      const lossesBefore = losses;
      const { rows } = await within(asked.query<Answer>(QUESTION), TIMEOUT_MS);
      const [answer] = rows;
      if (isClosed || !answer || lossesBefore !== losses) return true;
      const lsn = BigInt(answer.replayed ?? 0);
      const objection = objectionTo(answer, lsn);
      replayed = { lsn, at: performance.now() };
      // Just after the start, a replica may be behind by a little: that is no news.
      if (objection === UNKNOWN && isIn === undefined) return true;
      if (objection !== undefined) leave(objection, false);
      else {
        furthest = lsn;
        if (!isIn && (isIn === undefined || ++goodAnswers >= GOOD_ANSWERS)) {
          isIn = true;
          log.info({ replica: name }, 'a replica is read');
        }
      }
      return true;
    } catch (error) {
      // The question stood in the way of what is to be replayed: it is asked again, here or, where that ends the connection, on a new one.
      if (error instanceof pg.DatabaseError && error.code === '40001') return true;
      // What has closed the connection may have said so already.
      if (client) drop(error as Error);
      return false;
    }
  }

  return {
    get isIn(): boolean {
      return isIn ?? false;
    },
    /** How old its data is, as far as one knows, in milliseconds. */
    get lagMs(): number | undefined {
      return lag()?.ms;
    },
    /** Whether it is known to have replayed up to a position. */
    hasReplayed: (lsn: bigint): boolean => replayed !== undefined && replayed.lsn >= lsn,
    lose,
    ask,
    close(): void {
      isClosed = true;
      isIn = false;
      client?.connection.stream.destroy();
      client = undefined;
    },
  };
}

/** In words that hold no secret. */
const reasonOf = (error: Error): string => String(Reflect.get(error, 'code') ?? error.message);
