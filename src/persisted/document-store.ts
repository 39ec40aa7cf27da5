import type { MaybePromise } from '../batching/maybe-promise.ts';

/** A client that registers a document may not have found it: a store writes it again, unless it did so within this many milliseconds. */
export const REGISTERED_MS = 1000;

/**
 * Texts of documents by their hashes, for automatic persisted queries. It neither throws nor rejects: a store that fails knows nothing
 * and keeps nothing, and the client sends its text again.
 */
export type DocumentStore = {
  /** The text whose hash this is. */
  get(hash: string): MaybePromise<string | undefined>;
  /** Keeps a text. Whoever calls has checked that the hash is the text's. Resolves when all that share the store would find it. */
  set(hash: string, text: string): MaybePromise<void>;
};
