import { LRUCache } from 'lru-cache';
import { boundedKey } from './bounded-key.ts';
import { add, type Counter, expire, remove, roomInMs, standingOf } from './slots.ts';
import type { RateLimitStore, Verdict, Window } from './store.ts';

// What V8 and the cache take, measured with 50,000 keys.
const ENTRY_BYTES = 130;
const COUNTER_BYTES = 118;
const NUMBER_BYTES = 8;

export type MemoryStoreOptions = {
  /**
   * What the counts of all keys may take, in bytes; those that were not asked for the longest go first, and their clients start anew.
   * A key takes some 500 bytes, and up to 2,500 for each window in which it is never idle. Default 16 MiB.
   */
  maxBytes?: number;
  /** Milliseconds since any moment; never goes back. Default: since the process started. */
  now?: () => number;
};

/** Of one process. All of it is synchronous. */
export interface MemoryStore extends RateLimitStore {
  take(key: string, windows: readonly Window[], amount: number): Verdict;
  refund(key: string, windows: readonly Window[], amount: number, at: number): void;
  /** What it holds. A key whose units have all left stays until others need its place. */
  size(): { keys: number; bytes: number };
}

/** Of one key, a counter for each window. */
type Counters = Counter[];

/**
 * Counts in the memory of this process. The default clock is not the wall's: where that is set, nobody is locked out or let through.
 */
export function createMemoryStore({ maxBytes = 16 * 1024 * 1024, now = () => performance.now() }: MemoryStoreOptions = {}): MemoryStore {
  const entries = new LRUCache<string, Counters>({ maxSize: maxBytes, sizeCalculation: bytesOf });

  return {
    take(key, windows, amount) {
      const id = boundedKey(key);
      const at = now();
      const kept = entries.get(id);
      const isKept = kept !== undefined && haveSameLengths(kept, windows);
      const counters = isKept ? kept : windows.map(({ windowMs }): Counter => ({ windowMs, sum: 0, slots: [] }));
      let retryAfterMs = 0;
      for (let i = 0; i < windows.length; i++) {
        const counter = counters[i] as Counter;
        expire(counter, at);
        retryAfterMs = Math.max(retryAfterMs, roomInMs(counter, amount, (windows[i] as Window).max, at));
      }
      const isAllowed = retryAfterMs === 0;
      if (isAllowed && amount > 0) {
        let hasGrown = !isKept;
        for (const counter of counters) {
          const room = roomOf(counter);
          add(counter, amount, at);
          if (roomOf(counter) > room) hasGrown = true;
        }
        // The cache does not ask again for the size of the very value that it has.
        if (hasGrown) entries.set(kept === undefined ? ownCopy(id) : id, counters.slice());
      }
      const standings = windows.map(({ max }, i) => standingOf(counters[i] as Counter, max, at));
      return { isAllowed, retryAfterMs, standings, at };
    },

    refund(key, windows, amount, at) {
      const counters = entries.get(boundedKey(key));
      if (counters === undefined || !haveSameLengths(counters, windows)) return;
      for (const counter of counters) remove(counter, amount, at);
    },

    size: () => ({ keys: entries.size, bytes: entries.calculatedSize }),
  };
}

function haveSameLengths(counters: Counters, windows: readonly Window[]): boolean {
  if (counters.length !== windows.length) return false;
  for (let i = 0; i < windows.length; i++) if ((counters[i] as Counter).windowMs !== (windows[i] as Window).windowMs) return false;
  return true;
}

/** For how many numbers V8 keeps room in an array that was made of two and has grown to this length. */
function roomOf({ slots: { length } }: Counter): number {
  let room = 2;
  while (room < length) {
    const wanted = (room & ~1) + 2;
    room = wanted + (wanted >> 1) + 16;
  }
  return room;
}

function bytesOf(counters: Counters, key: string): number {
  let bytes = ENTRY_BYTES + 2 * key.length;
  for (const counter of counters) bytes += COUNTER_BYTES + NUMBER_BYTES * roomOf(counter);
  return bytes;
}

/** A string that was cut out of a longer one, or put together, keeps its parts alive. */
const ownCopy = (key: string): string => JSON.parse(JSON.stringify(key));
