// What is counted of the work, for whoever collects it.

import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Flush } from './batching/batcher.ts';
import type { RequestProfile } from './batching/request-profile.ts';
import type { LimitAction, LimitName } from './limits/limits.ts';
import { createOperationRecords, RECORDED } from './limits/operation-records.ts';
import { SECONDS } from './metrics/buckets.ts';
import { createCacheMetrics } from './metrics/cache-metrics.ts';
import { createDatabaseMetrics } from './metrics/database-metrics.ts';
import { exposition } from './metrics/exposition.ts';
import { createLoaderMetrics } from './metrics/loader-metrics.ts';
import { createRequestMetrics } from './metrics/request-metrics.ts';
import { createTrafficMetrics } from './metrics/traffic-metrics.ts';

const NUMBERS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/** Gauges that only rise: what they have seen outlives its process, see metrics/merge.ts. */
export const PEAKS: readonly string[] = ['convoy_operation_largest', 'convoy_client_largest'];

export type Metrics = ReturnType<typeof createMetrics>;

/** Histograms, which add up over workers, in a registry of their own. `knownOperations`: names that clients cannot make up. */
export function createMetrics({ knownOperations = [] }: { knownOperations?: readonly string[] } = {}) {
  const registry = new Registry();
  const registers = [registry];
  const labelNames = ['loader'] as const;
  const keys = new Histogram({
    name: 'convoy_batch_keys',
    help: 'Keys that a statement has read.',
    labelNames,
    buckets: NUMBERS,
    registers,
  });
  const callers = new Histogram({
    name: 'convoy_batch_requests',
    help: 'Requests that shared a statement.',
    labelNames,
    buckets: NUMBERS,
    registers,
  });
  const waits = new Histogram({
    name: 'convoy_batch_wait_seconds',
    help: 'How long the first of its requests waited for a statement to start.',
    labelNames,
    buckets: SECONDS,
    registers,
  });
  const durations = new Histogram({
    name: 'convoy_batch_duration_seconds',
    help: 'How long a statement took.',
    labelNames,
    buckets: SECONDS,
    registers,
  });
  const statements = new Histogram({
    name: 'convoy_request_statements',
    help: 'Statements that a request had a part in.',
    buckets: [0, 1, 2, 3, 4, 5, 7, 10, 20, 50],
    registers,
  });
  const shares = new Histogram({
    name: 'convoy_request_statement_share',
    help: 'Statements of a request, each divided by the requests that shared it.',
    buckets: [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
    registers,
  });
  const met = new Counter({
    name: 'convoy_limits_met_total',
    help: 'Requests beyond a limit: refused, or watched where they would have been refused.',
    labelNames: ['limit', 'action'] as const,
    registers,
  });
  const fallback = new Gauge({
    name: 'convoy_rate_limit_fallback',
    help: '1 while Redis does not answer and this process counts by itself.',
    registers,
    aggregator: 'max',
  });
  fallback.set(0);
  const operations = createOperationRecords(knownOperations);
  new Counter({
    name: 'convoy_operation_calls_total',
    help: 'How often an operation was about to be executed.',
    labelNames: ['operation'] as const,
    registers,
    collect() {
      this.reset();
      for (const [operation, { calls }] of operations.entries()) this.inc({ operation }, calls);
    },
  });
  new Gauge({
    name: 'convoy_operation_largest',
    help: 'The largest that an operation has been, by what limits bound.',
    labelNames: ['operation', 'figure'] as const,
    registers,
    aggregator: 'max',
    collect() {
      for (const [operation, record] of operations.entries())
        for (const figure of RECORDED) this.set({ operation, figure }, Math.min(record[figure], Number.MAX_SAFE_INTEGER));
    },
  });
  new Gauge({
    name: 'convoy_client_largest',
    help: 'The most that one client has had in a window: requests in a minute and an hour, points in a minute.',
    labelNames: ['window'] as const,
    registers,
    aggregator: 'max',
    collect() {
      for (const [window, most] of operations.usages()) this.set({ window }, most);
    },
  });
  return {
    registry,
    /** What this process has counted, in the text format of Prometheus. */
    read: () => exposition(registry),
    ...createDatabaseMetrics(registers),
    ...createLoaderMetrics(registers),
    ...createCacheMetrics(registers),
    ...createRequestMetrics(registers),
    ...createTrafficMetrics(registers),
    /** How large each operation has been. */
    operations,
    countLimit: (limit: LimitName, action: LimitAction): void => met.inc({ limit, action }),
    setFallback: (isFallback: boolean): void => fallback.set(isFallback ? 1 : 0),
    /** Shows the pressure, as `level` tells it when it is asked. */
    watchPressure(level: () => number): void {
      new Gauge({
        name: 'convoy_pressure',
        help: 'The delay of the event loop and of what waits, in parts of what is still borne; above 1 anonymous operations are shed.',
        registers,
        aggregator: 'max',
        collect() {
          this.set(level());
        },
      });
    },
    countFlush(flush: Flush): void {
      const labels = { loader: flush.loader };
      keys.observe(labels, flush.keys);
      callers.observe(labels, flush.callers);
      waits.observe(labels, flush.waitMs / 1000);
      durations.observe(labels, flush.durationMs / 1000);
    },
    countRequest(profile: RequestProfile): void {
      statements.observe(profile.count);
      shares.observe(profile.share);
    },
  };
}
