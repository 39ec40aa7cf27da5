// Answers that all visitors share, kept until something that they were made from changes. One request makes an answer, those that
// ask for the same meanwhile wait for it, and when all of them have gone it is given up. What keeps stale answers out is the order: look up, read, then keep with the lookup's moment.

import { createHash } from 'node:crypto';
import type { Dependencies } from '../batching/dependencies.ts';
import type { Log } from '../log.ts';
import type { ChangeListener } from '../resources/changes.ts';
import { createSharedWork } from './shared-work.ts';
import type { ResponseStore, StoredResponse } from './store.ts';

/** What tells of changes: see resources/changes.ts. */
type Changes = { readonly isConnected: boolean; subscribe(listener: ChangeListener): () => void };

/** An answer that was made. */
export type Made = { body: string; dependencies: Dependencies; operation?: string };

type Make = (signal: AbortSignal) => Promise<Made | undefined>;

export type ResponseCache = {
  /** The kept answer of a key. */
  find(key: string): Promise<StoredResponse | undefined> | StoredResponse | undefined;
  /**
   * The kept answer of a key, or one that `make` makes, or that it is making for somebody else. Undefined where there is none to share:
   * the caller makes its own. `make` returns undefined for an answer that may not be kept; its signal is aborted when everybody who
   * waits for the answer has gone. A caller has gone when its `signal` is aborted, and gets undefined at once; without one it stays.
   */
  share(key: string, maxAgeSeconds: number, make: Make, signal?: AbortSignal): Promise<StoredResponse | undefined>;
  /** Resolves when the store has taken what it was told last. */
  settled(): Promise<void>;
  /** The store may have lost what it was told, as one that restarts from a snapshot: it is cleared before it is used again. */
  doubt(reason: unknown): void;
};

/** How long a store that failed is left alone. */
const RETRY_MS = 1000;

/**
 * A cache over a store. It is out of use while changes may go unheard, and while the store cannot be told of one; a failing store is
 * a miss, never an error.
 */
export function createResponseCache(store: ResponseStore, changes: Changes, log: Log): ResponseCache {
  const making = createSharedWork<StoredResponse>();
  /** Whether the store has missed a change, and may hold what is stale. */
  let isDoubtful = false;

  /** The last thing that the store was told. */
  let telling: void | Promise<void>;
  const tell = (told: void | Promise<void>): void => {
    telling = told instanceof Promise ? told.catch(lose) : undefined;
  };
  let losses = 0;
  let retry: NodeJS.Timeout | undefined;
  const lose = (error: unknown): void => {
    if (!isDoubtful) log.warn({ err: error }, 'the response cache is out of use until its store answers');
    isDoubtful = true;
    losses++;
    if (!retry) retry = setTimeout(clear, RETRY_MS).unref();
  };
  const clear = async (): Promise<void> => {
    retry = undefined;
    const seen = losses;
    try {
      await store.clear();
      // What was lost while it was being cleared is cleared again.
      if (seen === losses) isDoubtful = false;
      else lose(undefined);
    } catch (error) {
      lose(error);
    }
  };
  changes.subscribe({
    onChange: (tags) => tell(store.invalidate(tags)),
    onGap: () => tell(store.clear()),
  });
  // What a store holds from before, as Redis may, has missed the changes since.
  tell(store.clear());

  const isUsable = () => changes.isConnected && !isDoubtful;

  /** What the store answers; undefined where it fails, and then it is not asked again for a while. */
  async function ask<T>(answer: T | Promise<T>): Promise<T | undefined> {
    try {
      return await answer;
    } catch (error) {
      lose(error);
      return undefined;
    }
  }

  async function make(key: string, maxAgeSeconds: number, work: Make, signal: AbortSignal): Promise<StoredResponse | undefined> {
    const lookup = await ask(store.get(key));
    if (!lookup || lookup.found) return lookup?.found;
    if (signal.aborted) return undefined;
    const made = await work(signal);
    // What was given up may lack what was still to be read.
    if (signal.aborted || !made?.dependencies.isComplete || !isUsable()) return undefined;
    const body = Buffer.from(made.body);
    const response = { body, etag: etagOf(body), expiresAt: Date.now() + maxAgeSeconds * 1000, operation: made.operation };
    return (await ask(store.set(key, response, [...made.dependencies.tags], lookup.moment))) ? response : undefined;
  }

  return {
    doubt: lose,
    settled: async () => await telling,
    find(key) {
      if (!isUsable()) return undefined;
      const lookup = store.get(key);
      return lookup instanceof Promise ? ask(lookup).then((answer) => answer?.found) : lookup.found;
    },
    async share(key, maxAgeSeconds, work, signal) {
      if (!isUsable()) return undefined;
      // Whoever joins asked later than the work began. If something has changed since, nothing was kept, and they make their own.
      return await making.join(key, (ofAll) => make(key, maxAgeSeconds, work, ofAll), signal);
    },
  };
}

const etagOf = (body: Buffer) => `"${createHash('sha1').update(body).digest('base64url')}"`;
