import { LRUCache } from 'lru-cache';
import type { DocumentStore } from './document-store.ts';

// What V8 takes beside the characters, with the hash: 190 were measured with 100,000 small documents.
const ENTRY_BYTES = 250;

export type MemoryDocumentStoreOptions = {
  /** What the documents may take altogether, in bytes; the least recently used go first. Default 4 MiB. */
  maxBytes?: number;
};

/** Of one process. All of it is synchronous: a known document costs no turn of the loop. */
export interface MemoryDocumentStore extends DocumentStore {
  get(hash: string): string | undefined;
  set(hash: string, text: string): void;
  size(): { documents: number; bytes: number };
}

export function createMemoryDocumentStore({ maxBytes = 4 * 2 ** 20 }: MemoryDocumentStoreOptions = {}): MemoryDocumentStore {
  const texts = new LRUCache<string, string>({ maxSize: maxBytes, sizeCalculation: documentBytes });
  return {
    get: (hash) => texts.get(hash),
    set: (hash, text) => void texts.set(hash, text),
    size: () => ({ documents: texts.size, bytes: texts.calculatedSize }),
  };
}

/** What a document takes in memory. V8 keeps Latin-1 in one byte a character, anything else in two, as which all but ASCII is counted. */
export const documentBytes = (text: string) => ENTRY_BYTES + (Buffer.byteLength(text) === text.length ? 1 : 2) * text.length;
