import { createHistogram } from 'node:perf_hooks';

/** Milliseconds; not numbers where there was nothing. */
export type Percentiles = { p50: number; p95: number; p99: number; max: number };

/** The longest that is told apart, in microseconds. */
const HIGHEST = 120_000_000;

export type Latencies = ReturnType<typeof createLatencies>;

/** Times in Node's own HDR histogram: to three figures, whatever their range. */
export function createLatencies() {
  const histogram = createHistogram({ lowest: 1, highest: HIGHEST, figures: 3 });
  const at = (percentile: number) => histogram.percentile(percentile) / 1000;
  return {
    record: (milliseconds: number): void => histogram.record(Math.min(HIGHEST, Math.max(1, Math.round(milliseconds * 1000)))),
    /** Takes those of another. */
    add: (other: { histogram: typeof histogram }): void => void histogram.add(other.histogram),
    reset: (): void => histogram.reset(),
    count: (): number => histogram.count,
    percentiles(): Percentiles {
      if (histogram.count === 0) return { p50: Number.NaN, p95: Number.NaN, p99: Number.NaN, max: Number.NaN };
      return { p50: at(50), p95: at(95), p99: at(99), max: histogram.max / 1000 };
    },
    histogram,
  };
}
