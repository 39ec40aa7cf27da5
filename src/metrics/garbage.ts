import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { Histogram, type Registry } from 'prom-client';

const KINDS = new Map([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
]);

type Collection = PerformanceEntry & { detail: { kind: number } };

/**
 * Times the garbage collector, under the name that the library has for it. The library takes the first of those that Node tells at
 * once, and misses the others: under load, two of three.
 */
export function watchGarbage(registers: Registry[]): { close(): void } {
  const durations = new Histogram({
    name: 'nodejs_gc_duration_seconds',
    help: 'How long a collection of garbage took.',
    labelNames: ['kind'] as const,
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1],
    registers,
  });
  // Prometheus sees no growth in a series that begins with its first event.
  for (const kind of KINDS.values()) durations.zero({ kind });
  const observer = new PerformanceObserver((list) => {
    for (const { duration, detail } of list.getEntries() as Collection[])
      durations.observe({ kind: KINDS.get(detail.kind) ?? 'other' }, duration / 1000);
  });
  observer.observe({ entryTypes: ['gc'] });
  return { close: () => observer.disconnect() };
}
