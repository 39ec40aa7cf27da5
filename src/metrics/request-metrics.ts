import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { ERROR_CODES } from '../errors.ts';
import { isProbe } from '../http/operator.ts';
import { outcomeOf, type RequestObserver, type RequestRecord } from '../http/request-record.ts';
import { isBrowsersOwn } from '../http/route.ts';
import { SECONDS } from './buckets.ts';

/** Whoever makes up names and provokes every status with each could make many: beyond this, operations are one. */
export const MAX_SERIES = 1000;
/** What stands for an operation and is no name of one: there are few series of these. */
export const UNNAMED: readonly unknown[] = ['anonymous', 'other', 'none', 'several'];

type Labels = { operation: string; kind: string; status: number; outcome: string; cache: string };

/** Counts every request that comes over a socket, those too that were refused or answered from the cache. */
export function createRequestMetrics(registers: Registry[]) {
  const requests = new Map<string, { labels: Labels; count: number }>();
  new Counter({
    name: 'convoy_requests_total',
    help: 'Requests, by the operation that they carried, its kind, the HTTP status, the outcome (ok, refused, failed) and whether the answer was kept.',
    labelNames: ['operation', 'kind', 'status', 'outcome', 'cache'] as const,
    registers,
    collect() {
      this.reset();
      for (const { labels, count } of requests.values()) this.inc(labels, count);
    },
  });
  const durations = new Histogram({
    name: 'convoy_request_duration_seconds',
    help: 'How long a request took until its answer was written; probes, preflights and open event streams apart.',
    labelNames: ['operation'] as const,
    buckets: SECONDS,
    registers,
  });
  const errors = new Counter({
    name: 'convoy_errors_total',
    help: 'Requests whose answer carried an error of this code.',
    labelNames: ['code'] as const,
    registers,
  });
  // From the start: Prometheus sees no increase in a series that begins at 1, and an alert would miss the first of each.
  for (const code of Object.keys(ERROR_CODES)) errors.inc({ code }, 0);
  const shared = new Counter({
    name: 'convoy_response_cache_total',
    help: 'Queries by how they were answered: hit from what is kept, miss to be kept from now on, skip for one reader alone.',
    labelNames: ['result'] as const,
    registers,
  });
  const inFlight = new Gauge({
    name: 'convoy_requests_in_flight',
    help: 'Requests that have no whole answer yet, open subscriptions among them.',
    registers,
  });

  const count = (labels: Labels): void => {
    const { operation, kind, status, outcome, cache } = labels;
    const key = `${operation} ${kind} ${status} ${outcome} ${cache}`;
    const known = requests.get(key);
    if (known) known.count++;
    else if (requests.size < MAX_SERIES || UNNAMED.includes(operation)) requests.set(key, { labels, count: 1 });
    else count({ ...labels, operation: 'other' });
  };

  const observer: RequestObserver = {
    onRequestStart: () => inFlight.inc(),
    onRequestEnd(record) {
      inFlight.dec();
      const { operation, kind } = whatOf(record);
      const { status, cache, durationMs, errorCodes, isStream } = record;
      count({ operation, kind, status, outcome: outcomeOf(record), cache: cache ?? 'none' });
      if (!isStream && kind !== 'probe' && !isBrowsersOwn(record)) durations.observe({ operation }, durationMs / 1000);
      if (kind === 'query') shared.inc({ result: cache ?? 'skip' });
      for (const code of errorCodes) errors.inc({ code: code in ERROR_CODES ? code : 'other' });
    },
  };
  return {
    /** To be told of every request. */
    observer,
  };
}

/** What a request was about: of one that carried no operation, or was refused before, `none`. */
function whatOf(record: RequestRecord): { operation: string; kind: string } {
  const { operations } = record;
  const [first] = operations;
  if (operations.length > 1) return { operation: 'several', kind: 'batch' };
  if (first) return { operation: first.label, kind: first.kind ?? 'unknown' };
  return { operation: 'none', kind: isProbe(record) ? 'probe' : 'none' };
}
