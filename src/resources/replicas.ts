import { setTimeout as wait } from 'node:timers/promises';
import type { Database } from '../batching/database.ts';
import { StartError } from '../errors.ts';
import type { Log } from '../log.ts';
import { createPrimaryWatch } from './primary-watch.ts';
import { createReplica, type Replica } from './replica.ts';

export type ReplicasOptions = {
  /** As DATABASE_URL: straight to each server, none through a pooler that chooses one. */
  urls: readonly string[];
  /** Connections to each of them, at least 2: one asks how far it is, the others read. A URL's `connection_limit` holds where it is smaller. */
  connections?: number;
  /** How far behind a replica may be and still be read, in milliseconds. Default 1000. */
  maxLagMs?: number;
  /** What servers show of connections. Default `convoy`. */
  applicationName?: string;
  /** The longest that a statement may run, in milliseconds, where the URL's `statement_timeout` does not end it sooner. Default: the URL's. */
  statementTimeoutMs?: number;
};

export type ReplicaState = {
  /** Host and port. */
  name: string;
  /** Whether it is read. */
  isIn: boolean;
  /** How old its data is, as far as one knows, in milliseconds; undefined before the primary has answered once. */
  lagMs: number | undefined;
  /** How many statements the primary has run in its place. */
  fallbacks: number;
};

export type Replicas = Awaited<ReturnType<typeof openReplicas>>['replicas'];

/** How often servers are asked how far they are, and one that does not answer, in milliseconds. */
const [INTERVAL_MS, RETRY_MS] = [100, 500];
/** A primary that has not answered for so long is not waited for where a replica can answer too, in milliseconds. */
const SILENCE_MS = 1500;

/**
 * Opens pools to the replicas of a primary, and follows how far each is. One that does not answer, lags too far, or is no replica is left
 * out, and comes back by itself; so is one that is down from the start. Throws StartError where a URL cannot be read, or names a server again.
 */
export async function openReplicas({ urls, maxLagMs = 1000, ...options }: ReplicasOptions, primary: Database, log: Log) {
  const primaryWatch = createPrimaryWatch(primary, { maxLagMs, leastMs: INTERVAL_MS }, log);
  const all: readonly Replica[] = urls.map((url) => createReplica({ url, maxLagMs, primary, primaryWatch, log, ...options }));
  const names = all.map(({ name }) => name);
  // It would count twice in the budget and once in the metrics.
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new StartError(`DATABASE_REPLICA_URLS names ${twice} twice. Name each server once.`);
  let turn = 0;

  await primaryWatch.ask();
  await Promise.all(all.map(({ watch }) => watch.ask()));
  const closing = new AbortController();
  const repeat = async (work: () => Promise<number>) => {
    for (let pauseMs = INTERVAL_MS; ; pauseMs = await work()) {
      await wait(pauseMs, undefined, { ref: false, signal: closing.signal }).catch(() => undefined);
      if (closing.signal.aborted) return;
    }
  };
  const watching = [
    repeat(async () => {
      await primaryWatch.ask();
      return INTERVAL_MS;
    }),
    ...all.map(({ watch }) => repeat(async () => ((await watch.ask()) ? INTERVAL_MS : RETRY_MS))),
  ];

  return {
    replicas: {
      all,
      /** The replica that has the least to do of those that may be read and, where `lsn` is given, are known to have replayed up to there. */
      pick(lsn?: bigint): Replica | undefined {
        turn++;
        let found: Replica | undefined;
        for (let i = 0; i < all.length; i++) {
          const replica = all[(turn + i) % all.length] as Replica;
          if (!replica.watch.isIn || (lsn !== undefined && !replica.watch.hasReplayed(lsn))) continue;
          if (!found || replica.underWay < found.underWay) found = replica;
        }
        return found;
      },
      /** Whether the primary has answered lately, as far as one knows. */
      isPrimaryThere: (): boolean => performance.now() - (primaryWatch.latest?.at ?? Number.NEGATIVE_INFINITY) < SILENCE_MS,
      states: (): ReplicaState[] => all.map(({ name, watch: { isIn, lagMs }, fallbacks }) => ({ name, isIn, lagMs, fallbacks })),
      /** A position on the primary behind everything that was committed before the call. */
      async writtenUpTo(): Promise<bigint> {
        const [row] = await primary.query<{ lsn: string }>(`select (pg_current_wal_insert_lsn() - '0/0')::text as lsn`, []);
        return BigInt(row?.lsn ?? 0);
      },
    },
    close: async () => {
      closing.abort();
      await Promise.all(all.map((replica) => replica.close()));
      await Promise.all(watching);
    },
  };
}
