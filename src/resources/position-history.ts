/** Where a server was in its write-ahead log, and when, by the clock of `performance.now`, in milliseconds. */
export type Position = { readonly lsn: bigint; readonly at: number };

/** Beyond the longest lag of interest, so that the lag of who is further behind than that is known too. */
const MORE_MS = 60_000;

/**
 * Remembers where the primary was and when, so that the position of a replica tells how old its data is. The moment of the replica's last
 * transaction does not: on a server that nobody writes to it lies ever further back. `maxLagMs`: the longest lag of interest;
 * moments are kept a hundredth of it apart, and no closer than `leastMs`.
 */
export function createPositionHistory({ maxLagMs, leastMs }: { maxLagMs: number; leastMs: number }) {
  const apartMs = Math.max(leastMs, maxLagMs / 100);
  const keptMs = 2 * maxLagMs + MORE_MS;
  let past: Position[] = [];
  let latest: Position | undefined;
  let since: number | undefined;

  return {
    get latest(): Position | undefined {
      return latest;
    },
    /** The first moment of which anything is known. */
    get since(): number | undefined {
      return since;
    },
    /** `at`: a moment at which the primary had written no more than `lsn`. */
    add(lsn: bigint, at: number): void {
      // A server that was restored, or another one under the same address: what was before says nothing of it.
      if (latest && lsn < latest.lsn) past = [];
      else if (latest && lsn > latest.lsn && latest.at - (past.at(-1)?.at ?? Number.NEGATIVE_INFINITY) >= apartMs) past.push(latest);
      latest = { lsn, at };
      since ??= at;
      while (past[0] && past[0].at < at - keptMs) past.shift();
    },
    /** The last known moment whose data a server shows that has replayed up to `lsn`; undefined where none is known. */
    momentOf(lsn: bigint): number | undefined {
      if (!latest || lsn >= latest.lsn) return latest?.at;
      return past.findLast((position) => position.lsn <= lsn)?.at;
    },
  };
}
