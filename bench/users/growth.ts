// Whether memory grows: by its least in each of many windows, which is what is left when garbage has just been collected.

import { median } from '../measure/median.ts';

export type MemoryAt = { atSecond: number; megabytes: number };

/** Windows of a run; caches and the heap find their size in the first fifth, which counts for nothing. */
const WINDOWS = 30;
const SETTLING_SHARE = 0.2;
/** Windows, settled, below which thirds say nothing. */
const FEWEST = 6;

/** The least of each of so many windows: what is left when garbage has just been collected. `atSecond`: when the window ends. */
export function leastsOf(samples: readonly MemoryAt[], windows: number): MemoryAt[] {
  const end = Math.max(0, ...samples.map(({ atSecond }) => atSecond));
  const found = Map.groupBy(samples, ({ atSecond }) => Math.min(windows - 1, Math.floor((atSecond / end) * windows)));
  return Array.from(found)
    .sort(([a], [b]) => a - b)
    .map(([window, each]) => ({
      atSecond: ((window + 1) * end) / windows,
      megabytes: Math.min(...each.map(({ megabytes }) => megabytes)),
    }));
}

/** The leasts of the last third, in parts of those of the first: 1 is flat. Undefined where there is too little to tell. */
export function growthOf(samples: readonly MemoryAt[]): number | undefined {
  const end = Math.max(0, ...samples.map(({ atSecond }) => atSecond));
  // Half a window later, so that no rounding decides.
  const settledFrom = end * (SETTLING_SHARE + 0.5 / WINDOWS);
  const leasts = leastsOf(samples, WINDOWS)
    .filter(({ atSecond }) => atSecond > settledFrom)
    .map(({ megabytes }) => megabytes);
  if (leasts.length < FEWEST) return undefined;
  const third = Math.floor(leasts.length / 3);
  return median(leasts.slice(-third)) / median(leasts.slice(0, third));
}
