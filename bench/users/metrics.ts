// What the gateway tells of itself at /metrics, where this machine may read it.

import { readSamples, type Sample } from '../../src/limits/suggestions.ts';

/** Undefined where there are none to be read. Asked without a forwarded address: as a neighbour, not as a user. */
export async function readMetrics(url: URL): Promise<Sample[] | undefined> {
  const response = await fetch(new URL('/metrics', url), { signal: AbortSignal.timeout(5000) }).catch(() => undefined);
  const text = await response?.text().catch(() => undefined);
  return response?.ok && text ? readSamples(text) : undefined;
}

/** The sum of a metric over its labels and all processes; undefined where there is none. */
export function sumOf(samples: readonly Sample[] | undefined, name: string): number | undefined {
  const found = samples?.filter((sample) => sample.name === name) ?? [];
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
}

/** Statements of the batcher, all loaders together. */
const STATEMENTS = 'convoy_batch_duration_seconds_count';

/** Undefined where the gateway counts none, or began anew in between. */
export function statementsBetween(before: readonly Sample[] | undefined, after: readonly Sample[] | undefined): number | undefined {
  const last = sumOf(after, STATEMENTS);
  if (before === undefined || last === undefined) return undefined;
  const count = last - (sumOf(before, STATEMENTS) ?? 0);
  return count >= 0 ? count : undefined;
}

/** Bytes of the heaps of all processes; undefined where the gateway does not tell. */
export const heapBytes = (samples: readonly Sample[] | undefined): number | undefined => sumOf(samples, 'nodejs_heap_size_used_bytes');

/** What is worth keeping of a snapshot: no buckets, and no single operation of a client. */
export const withoutBuckets = (samples: readonly Sample[] | undefined): Sample[] | undefined =>
  samples?.filter(({ name }) => !name.endsWith('_bucket'));
