import { LRUCache } from 'lru-cache';
import type { MaybePromise } from '../../../batching/maybe-promise.ts';
import { documentHash } from '../../../persisted/document-hash.ts';
import { type DocumentStore, REGISTERED_MS } from '../../../persisted/document-store.ts';
import { documentBytes } from '../../../persisted/memory-document-store.ts';

/** The documents of all workers of this machine, which another process holds. Both reject where it does not answer in time. */
export type SharedDocuments = {
  find(hash: string): Promise<string | undefined>;
  keep(hash: string, text: string): Promise<void>;
};

export type SharedDocumentStoreOptions = {
  /** What the documents in front of the other process may take in this one, in bytes. Default 4 MiB. */
  maxBytes?: number;
  /** How often a document in use is sent again, in milliseconds, so that it is not the least recently used there. Default 60000. */
  againMs?: number;
};

/** `keptAt`: when the other process has confirmed it last, by performance.now(). */
type Entry = { text: string; keptAt: number; keeping?: Promise<void> };

/**
 * One store for the workers of a machine. `set` resolves when the other process has the document: whichever worker is asked from then on
 * finds it. A document that this worker knows costs no question; any other costs one. Where the other process does not answer, nothing is
 * found, and what is registered is known to this worker alone until it is used again.
 */
export function createSharedDocumentStore(
  shared: SharedDocuments,
  { maxBytes = 4 * 2 ** 20, againMs = 60_000 }: SharedDocumentStoreOptions = {},
): DocumentStore {
  const front = new LRUCache<string, Entry>({ maxSize: maxBytes, sizeCalculation: ({ text }) => documentBytes(text) });
  const asking = new Map<string, Promise<string | undefined>>();

  /** Sends a document where that was not done within so many milliseconds. */
  function keep(hash: string, entry: Entry, withinMs: number): MaybePromise<void> {
    if (entry.keeping || performance.now() < entry.keptAt + withinMs) return entry.keeping;
    const keeping = shared.keep(hash, entry.text).then(
      () => {
        entry.keptAt = performance.now();
      },
      () => undefined,
    );
    entry.keeping = keeping.finally(() => {
      entry.keeping = undefined;
    });
    return entry.keeping;
  }

  async function ask(hash: string): Promise<string | undefined> {
    const text = await shared.find(hash).catch(() => undefined);
    if (text === undefined || documentHash(text) !== hash) return undefined;
    front.set(hash, { text, keptAt: performance.now() });
    return text;
  }

  return {
    get(hash) {
      const entry = front.get(hash);
      if (entry) {
        void keep(hash, entry, againMs);
        return entry.text;
      }
      // Many clients may ask for a new document at once.
      const others = asking.get(hash);
      if (others) return others;
      const mine = ask(hash).finally(() => asking.delete(hash));
      asking.set(hash, mine);
      return mine;
    },
    set(hash, text) {
      const entry = front.get(hash) ?? { text, keptAt: Number.NEGATIVE_INFINITY };
      front.set(hash, entry);
      return keep(hash, entry, REGISTERED_MS);
    },
  };
}
