import type { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import type { Log } from '../log.ts';
import { documentHash } from './document-hash.ts';
import { type DocumentStore, REGISTERED_MS } from './document-store.ts';
import { documentBytes } from './memory-document-store.ts';

export type RedisDocumentStoreOptions = {
  /** What all its keys begin with. */
  prefix: string;
  /** How long Redis keeps a document that nobody asks for. Default 30 days. */
  expirySeconds?: number;
  /** Longer documents are not kept, in bytes. How many there are is Redis's to bound: give it `maxmemory` and an LRU policy. Default 100000. */
  maxDocumentBytes?: number;
  /** What the documents in front of Redis may take in this process, in bytes. Default 4 MiB. */
  maxBytes?: number;
};

/** How long a Redis that failed is left alone: who asks meanwhile does not wait for it. */
const RETRY_MS = 1000;
/** A document in use is written again so many times within its expiry: it does not expire, and it comes back where Redis evicted it. */
const WRITES_PER_EXPIRY = 30;

/** `writtenAt`: when Redis was told last that the document is in use, in milliseconds of this process. */
type Entry = { text: string; writtenAt: number };
const NEVER = Number.NEGATIVE_INFINITY;

/**
 * One store for all gateways that share a Redis, 6.2 or later. A document that this process knows costs no round trip. Open the
 * connection with a `commandTimeout`, and without a queue for what is sent while it is closed: calls wait as long as it lets them.
 */
export function createRedisDocumentStore(
  redis: Redis,
  { prefix, expirySeconds = 30 * 86_400, maxDocumentBytes = 100_000, maxBytes = 4 * 2 ** 20 }: RedisDocumentStoreOptions,
  log: Log,
): DocumentStore {
  const front = new LRUCache<string, Entry>({ maxSize: maxBytes, sizeCalculation: ({ text }) => documentBytes(text) });
  const writeAfterMs = (expirySeconds * 1000) / WRITES_PER_EXPIRY;
  const asking = new Map<string, Promise<string | undefined>>();
  const keyOf = (hash: string) => `${prefix}document:${hash}`;

  // A Redis that ended remembers what it has on disk, if anything.
  let closedAt = NEVER;
  redis.on('close', () => {
    closedAt = performance.now();
  });

  let isFailing = false;
  let retryAt = 0;
  /** What Redis answers; undefined where it fails, and then it is not asked again for a while. */
  async function ask<T>(command: () => Promise<T>): Promise<T | undefined> {
    if (performance.now() < retryAt) return undefined;
    try {
      const answer = await command();
      if (isFailing) log.info('Redis answers for persisted documents again');
      isFailing = false;
      return answer;
    } catch (error) {
      if (!isFailing) log.warn({ err: error }, 'Redis does not answer for persisted documents: each process knows its own until it does');
      isFailing = true;
      retryAt = performance.now() + RETRY_MS;
      return undefined;
    }
  }

  /** Writes a document where that was not done within so many milliseconds. */
  async function write(hash: string, entry: Entry, withinMs: number): Promise<void> {
    if (entry.writtenAt > closedAt && entry.writtenAt + withinMs > performance.now()) return;
    // Before the answer, so that of many requests one writes.
    entry.writtenAt = performance.now();
    const answer = await ask(() => redis.set(keyOf(hash), entry.text, 'EX', expirySeconds));
    if (answer === undefined) entry.writtenAt = NEVER;
  }

  async function read(hash: string): Promise<string | undefined> {
    const text = await ask(() => redis.getex(keyOf(hash), 'EX', expirySeconds));
    // Others may write to this Redis: a text that is not the hash's is not taken.
    if (typeof text !== 'string' || documentHash(text) !== hash) return undefined;
    front.set(hash, { text, writtenAt: performance.now() });
    return text;
  }

  return {
    get(hash) {
      const entry = front.get(hash);
      if (entry) {
        void write(hash, entry, writeAfterMs);
        return entry.text;
      }
      // Many clients may ask for a new document at once.
      const others = asking.get(hash);
      if (others) return others;
      const mine = read(hash).finally(() => asking.delete(hash));
      asking.set(hash, mine);
      return mine;
    },
    set(hash, text) {
      if (Buffer.byteLength(text) > maxDocumentBytes) return;
      const entry = front.get(hash) ?? { text, writtenAt: NEVER };
      front.set(hash, entry);
      return write(hash, entry, REGISTERED_MS);
    },
  };
}
