// What is counted of the work, for whoever collects it.

import { Histogram, Registry } from 'prom-client';
import type { Flush } from './batching/batcher.ts';
import type { RequestProfile } from './batching/request-profile.ts';

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const NUMBERS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

export type Metrics = ReturnType<typeof createMetrics>;

/** Histograms, which add up over workers, in a registry of their own. */
export function createMetrics() {
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
  return {
    registry,
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
