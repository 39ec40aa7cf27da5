// Measures what memory stores take beside what they say, and sends it to the process that started this one. Runs with --expose-gc.

import { createMemoryStore } from '../../src/rate-limit/memory-store.ts';

const WINDOWS = [60_000, 3_600_000].map((windowMs) => ({ windowMs, max: 1_000_000 }));
/** How many clients call how often each, by a key that begins so. */
const CASES: [name: string, keys: number, rounds: number, begin: string][] = [
  ['short visits', 50_000, 1, 'ip:2001:db8::'],
  ['a few calls', 50_000, 8, 'ip:203.0.113.'],
  ['long keys', 50_000, 1, 'x'.repeat(200)],
  ['calls without end', 5000, 120, 'user:'],
];

function inUse(): number {
  for (let i = 0; i < 4; i++) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

let now = 0;
const kept: unknown[] = [];
const measured = CASES.map(([name, keys, rounds, begin]) => {
  const store = createMemoryStore({ maxBytes: 2 ** 30, now: () => now });
  kept.push(store);
  store.take('first', WINDOWS, 1);
  const before = inUse();
  for (let round = 0; round < rounds; round++) {
    now += 601;
    for (let i = 0; i < keys; i++) store.take(`${begin}${i}`, WINDOWS, 1);
  }
  return { name, real: inUse() - before, counted: store.size().bytes };
});
process.send?.({ finished: measured });
