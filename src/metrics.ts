// What is counted of the work, for whoever collects it.

import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Flush } from './batching/batcher.ts';
import type { RequestProfile } from './batching/request-profile.ts';
import type { LimitAction, LimitName } from './limits/limits.ts';
import { createOperationRecords, RECORDED } from './limits/operation-records.ts';

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const NUMBERS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

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
  });
  fallback.set(0);
  const operations = createOperationRecords(knownOperations);
  new Gauge({
    name: 'convoy_operation_calls',
    help: 'How often an operation was about to be executed.',
    labelNames: ['operation'] as const,
    registers,
    collect() {
      for (const [operation, { calls }] of operations.entries()) this.set({ operation }, calls);
    },
  });
  new Gauge({
    name: 'convoy_operation_largest',
    help: 'The largest that an operation has been, by what limits bound.',
    labelNames: ['operation', 'figure'] as const,
    registers,
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
    collect() {
      for (const [window, most] of operations.usages()) this.set({ window }, most);
    },
  });
  return {
    registry,
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
