import { LRUCache } from 'lru-cache';
import type { Lookup, ResponseStore, StoredResponse } from './store.ts';

/** One response may take this share of the store: a few large ones do not push everything else out. */
const MAX_SHARE = 1 / 20;
/** Invalidations that are remembered, for responses that are being read meanwhile. */
const MAX_REMEMBERED = 10_000;
/** How often, at most, all entries are looked at for what has expired, in milliseconds: a thousand take half a millisecond. */
const SWEEP_MS = 5_000;
// What V8 takes beside the characters, measured with 100,000 small entries.
const ENTRY_BYTES = 400;
const TAG_BYTES = 240;

export type MemoryStoreOptions = {
  /** What the responses may take altogether, with their keys and tags, in bytes; the least recently used go first. */
  maxBytes: number;
};

/** Of one process. All of it is synchronous: a hit costs no turn of the loop. */
export interface MemoryStore extends ResponseStore {
  get(key: string): Lookup;
  set(key: string, response: StoredResponse, tags: readonly string[], moment: number): boolean;
  invalidate(tags: readonly string[]): void;
  clear(): void;
  /** What it holds: responses, the different tags that they carry, and bytes. */
  size(): { responses: number; tags: number; bytes: number };
}

type Entry = { hit: { found: StoredResponse }; expiresAt: number; tags: readonly string[]; bytes: number };

export function createMemoryStore({ maxBytes }: MemoryStoreOptions): MemoryStore {
  const maxEntryBytes = Math.floor(maxBytes * MAX_SHARE);
  const keysByTag = new Map<string, Set<string>>();
  // The library's own expiry sets a timer nearly each millisecond in which something is read: a comparison is cheaper.
  const entries = new LRUCache<string, Entry>({
    maxSize: maxBytes,
    sizeCalculation: (entry) => entry.bytes,
    dispose: (entry, key) => {
      for (const tag of entry.tags) {
        const keys = keysByTag.get(tag);
        if (keys?.delete(key) && keys.size === 0) keysByTag.delete(tag);
      }
    },
  });

  /** Most of what has expired is never asked for again, and would fill the store. */
  function dropExpired(): void {
    const time = Date.now();
    if (time < sweptAt + SWEEP_MS) return;
    sweptAt = time;
    for (const [key, entry] of [...entries.entries()]) if (entry.expiresAt <= time) entries.delete(key);
  }

  let sweptAt = Date.now();
  let now = 0;
  /** The last invalidation of each tag, oldest first. What is no longer in it happened at `floor` or before. */
  const invalidatedAt = new Map<string, number>();
  let floor = 0;

  return {
    get(key) {
      const entry = entries.get(key);
      if (entry !== undefined) {
        if (entry.expiresAt > Date.now()) return entry.hit;
        entries.delete(key);
      }
      return { found: undefined, moment: now };
    },

    set(key, response, tags, moment) {
      if (moment < floor || response.expiresAt <= Date.now()) return false;
      if (tags.some((tag) => (invalidatedAt.get(tag) ?? 0) > moment)) return false;
      const bytes =
        ENTRY_BYTES +
        response.body.length +
        sum([key, response.etag, response.operation ?? ''], bytesOf) +
        sum(tags, (tag) => TAG_BYTES + bytesOf(tag));
      if (bytes > maxEntryBytes) return false;
      dropExpired();
      // First, so that a former entry leaves its tags before this one enters them.
      entries.delete(key);
      for (const tag of tags) {
        const keys = keysByTag.get(tag);
        if (keys) keys.add(key);
        else keysByTag.set(tag, new Set([key]));
      }
      entries.set(key, { hit: { found: { ...response, body: inOwnMemory(response.body) } }, expiresAt: response.expiresAt, tags, bytes });
      return true;
    },

    invalidate(tags) {
      now++;
      for (const tag of tags) {
        invalidatedAt.delete(tag);
        invalidatedAt.set(tag, now);
        for (const key of keysByTag.get(tag) ?? []) entries.delete(key);
      }
      for (const [tag, moment] of invalidatedAt) {
        if (invalidatedAt.size <= MAX_REMEMBERED) break;
        invalidatedAt.delete(tag);
        floor = moment;
      }
    },

    clear() {
      floor = ++now;
      invalidatedAt.clear();
      entries.clear();
    },

    size: () => ({ responses: entries.size, tags: keysByTag.size, bytes: entries.calculatedSize }),
  };
}

/** A small buffer is a part of 64 KB that it shares with others (`Buffer.poolSize`), and would keep all of them. */
function inOwnMemory(body: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(body.length);
  body.copy(own);
  return own;
}

/** V8 keeps Latin-1 in one byte a character, anything else in two. Other letters of Latin-1 are counted as two. */
const bytesOf = (text: string) => (Buffer.byteLength(text) === text.length ? text.length : 2 * text.length);

const sum = (texts: readonly string[], measure: (text: string) => number) => texts.reduce((total, text) => total + measure(text), 0);
