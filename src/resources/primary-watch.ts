import type { Database } from '../batching/database.ts';
import { abortedAfter } from '../gateway/timeout-after-poll.ts';
import type { Log } from '../log.ts';
import { createPositionHistory, type Position } from './position-history.ts';

/** How far the primary is, as far as one knows. */
export type PrimaryWatch = {
  /** Where its tables are: see IDENTITY. */
  readonly identity: string | undefined;
  readonly latest: Position | undefined;
  /** The first moment of which anything is known. */
  readonly since: number | undefined;
  /** The last known moment whose data a server shows that has replayed up to `lsn`; undefined where none is known. */
  momentOf(lsn: bigint): number | undefined;
  /** Asks the primary. It never rejects. */
  ask(): Promise<void>;
};

/**
 * SQL for what a replica has in common with its primary: the cluster, and in it the database and the schema, which a URL may get wrong.
 * Numbers of objects are the same on both. Where the schema has no table of migrations, that of `public` may be found, so the schema counts too.
 */
export const IDENTITY = `concat_ws('/', system_identifier, (select oid from pg_database where datname = current_database()),
  (select oid from pg_namespace where nspname = current_schema()), to_regclass('_prisma_migrations')::oid)`;

/** An answer that takes longer is not waited for, in milliseconds. */
const TIMEOUT_MS = 1000;

/**
 * What has been flushed, and so may have reached a replica. The insert position may lie ahead of it for seconds on a quiet server,
 * by what no transaction waits for, and every replica would seem to lag.
 */
const QUESTION = `select (pg_current_wal_flush_lsn() - '0/0')::text as lsn, ${IDENTITY} as identity from pg_control_system()`;

/** Follows the primary's position. While it does not answer, lags are measured up to its last answer: nothing new is known to be written. */
export function createPrimaryWatch(primary: Database, options: { maxLagMs: number; leastMs: number }, log: Log): PrimaryWatch {
  const history = createPositionHistory(options);
  let identity: string | undefined;
  return {
    get identity() {
      return identity;
    },
    get latest() {
      return history.latest;
    },
    get since() {
      return history.since;
    },
    momentOf: history.momentOf,
    async ask() {
      const askedAt = performance.now();
      try {
        const [row] = await abortedAfter(TIMEOUT_MS, (signal) => primary.query<{ lsn: string; identity: string }>(QUESTION, [], signal));
        if (!row) return;
        identity = row.identity;
        history.add(BigInt(row.lsn), askedAt);
      } catch (error) {
        log.debug({ err: error }, 'the primary does not say how far it is');
      }
    },
  };
}
