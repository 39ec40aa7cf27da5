import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import { ClientError } from '../errors.ts';

/** Bytes of memory that a parsed document takes for each character of its text: measured with the frontend's operations. */
const BYTES_PER_CHARACTER = 40;

export type DocumentCacheOptions = {
  /** Memory for parsed documents, in bytes; those that were not used for the longest go first. Default 16 MiB. */
  maxBytes?: number;
};

/** Refusals are made anew each time, and counted. */
class ErrorCache extends LRUCache<string, Error> {
  override set(text: string, error: Error) {
    return error instanceof ClientError ? this : super.set(text, error);
  }
}

/**
 * Remembers parsed documents and parse errors, by text. What else is known of a document (that it is valid, its compiled form) hangs
 * on it weakly, and goes with it.
 */
export function createDocumentCache({ maxBytes = 16 * 2 ** 20 }: DocumentCacheOptions = {}) {
  const sizeCalculation = (_value: unknown, text: string) => 1000 + text.length * BYTES_PER_CHARACTER;
  return {
    documentCache: new LRUCache<string, DocumentNode>({ maxSize: maxBytes, sizeCalculation }),
    errorCache: new ErrorCache({ maxSize: maxBytes / 16, sizeCalculation: (_error, text) => 1000 + text.length }),
  };
}

export type DocumentCache = ReturnType<typeof createDocumentCache>;
