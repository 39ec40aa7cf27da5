import { Counter, Gauge, type Registry } from 'prom-client';

/** What is kept in memory, in bytes as the store reckons them. */
export type KeptSize = { responses: number; bytes: number };

/** Shows the answers that visitors share. */
export function createCacheMetrics(registers: Registry[]) {
  const invalidations = new Counter({
    name: 'convoy_response_cache_invalidations_total',
    help: 'Announcements of changes that the response cache has heard, and the gaps in which it may have missed some.',
    registers,
  });
  return {
    countInvalidation: (): void => invalidations.inc(),
    /** Shows how much is kept in memory, as `size` tells it when it is asked. */
    watchResponses(size: () => KeptSize): void {
      new Gauge({
        name: 'convoy_response_cache_entries',
        help: 'Answers that are kept in memory.',
        registers,
        collect() {
          this.set(size().responses);
        },
      });
      new Gauge({
        name: 'convoy_response_cache_bytes',
        help: 'What the answers that are kept take in memory, with their keys and tags.',
        registers,
        collect() {
          this.set(size().bytes);
        },
      });
    },
  };
}
