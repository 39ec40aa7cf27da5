import { Counter, type Registry } from 'prom-client';
import type { KeyCounts } from '../batching/request-loaders.ts';

/** Counts the keys that loaders are asked for. They are asked dozens of times a request: it counts in numbers, and labels them when it is read. */
export function createLoaderMetrics(registers: Registry[]) {
  const loaders = new Map<string, KeyCounts>();
  new Counter({
    name: 'convoy_loader_keys_total',
    help: 'Keys that resolvers have asked loaders for: hit where their request knew the value or waited for it already, else miss.',
    labelNames: ['loader', 'result'] as const,
    registers,
    collect() {
      this.reset();
      for (const [loader, { hits, misses }] of loaders) {
        this.inc({ loader, result: 'hit' }, hits);
        this.inc({ loader, result: 'miss' }, misses);
      }
    },
  });
  return {
    /** Where a loader counts its keys. */
    keyCountsOf: (loader: string): KeyCounts => loaders.getOrInsertComputed(loader, () => ({ hits: 0, misses: 0 })),
  };
}
