// From what a client calls its document to the document's text: trusted documents, which a manifest names, and automatic persisted
// queries, which clients register. It runs before anything is parsed.

import { type MaybePromise, when } from '../batching/maybe-promise.ts';
import { ClientError } from '../errors.ts';
import { documentHash } from './document-hash.ts';
import { type DocumentParams, type DocumentReference, documentReference } from './document-reference.ts';
import type { DocumentStore } from './document-store.ts';
import type { TrustedDocuments } from './trusted-documents.ts';

export type PersistedDocumentsOptions = {
  /** The manifest's documents. */
  trusted?: TrustedDocuments;
  /** Whether nothing else is run, and nothing is registered. Default false. */
  onlyTrusted?: boolean;
  /** Where documents are kept that clients register; undefined where they cannot. */
  store?: DocumentStore;
  /** Longer documents are run and not kept, in bytes. Default 100000. */
  maxDocumentBytes?: number;
};

export type PersistedDocuments = {
  /**
   * The parameters with the text of the document: the same object where it is there already. Those that name no document and carry
   * no text come back as they are. Throws, or rejects, with a ClientError: BAD_REQUEST, PERSISTED_QUERY_ONLY,
   * PERSISTED_QUERY_NOT_FOUND or PERSISTED_QUERY_NOT_SUPPORTED.
   */
  resolve<P extends DocumentParams>(params: P): MaybePromise<P>;
  /**
   * To be told of parameters that `resolve` gave back, the very object, when their document has proved valid: now it may be kept. Wait for
   * it before the answer: a client that has read this may name the document to another process.
   */
  accepted(params: object): MaybePromise<void>;
  /** The manifest's name of a document, for metrics; undefined for any other, whatever it calls itself. */
  nameOf(query: string): string | undefined;
  /** All names that `nameOf` may give. */
  knownNames: readonly string[];
};

export function createPersistedDocuments({
  trusted,
  onlyTrusted = false,
  store,
  maxDocumentBytes = 100_000,
}: PersistedDocumentsOptions): PersistedDocuments {
  /** Hashes that came with their texts. Anybody may send any text: it is kept only when it has proved valid. */
  const offered = new WeakMap<object, { hash: string; text: string }>();
  const isTrusted = (text: unknown) => typeof text === 'string' && trusted?.recognize(text) === true;
  const isKnown = (id: string) => trusted?.find(id) !== undefined;
  const find = ({ id, hash }: DocumentReference) => trusted?.find(id) ?? (hash === undefined ? undefined : trusted?.find(hash));

  function resolveReference<P extends DocumentParams>(params: P, reference: DocumentReference): MaybePromise<P> {
    const text = params.query || undefined;
    const known = find(reference);
    if (onlyTrusted && (text === undefined ? known === undefined : !isTrusted(text))) throw refusalOf(reference, text);
    if (text !== undefined && typeof text !== 'string') throw new ClientError('BAD_REQUEST', '`query` must be a string.');
    if (known !== undefined) {
      if (text === undefined || text === known) return withText(params, known);
      // The id is the manifest's, and the text as this client prints it.
      if (!trusted?.areSame(text, known)) throw mismatch();
      return withText(params, text);
    }
    return text === undefined ? lookUp(params, reference) : offer(params, reference, text);
  }

  function lookUp<P extends DocumentParams>(params: P, { hash }: DocumentReference): MaybePromise<P> {
    // Apollo's clients know these messages by the letter.
    if (!store) throw new ClientError('PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported');
    return when(hash === undefined ? undefined : store.get(hash), (text) => {
      if (text === undefined) throw new ClientError('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound');
      return withText(params, text);
    }) as MaybePromise<P>;
  }

  function offer<P extends DocumentParams>(params: P, { hash }: DocumentReference, text: string): P {
    const resolved = withText(params, text);
    if (hash === undefined || !(store || onlyTrusted)) return resolved;
    // What is not well formed is hashed as another text is, and could be registered in its place.
    if (!text.isWellFormed() || documentHash(text) !== hash) throw mismatch();
    // Where nothing else is run, the text was recognized, and its hash is known by that.
    if (!onlyTrusted && Buffer.byteLength(text) <= maxDocumentBytes) offered.set(resolved, { hash, text });
    return resolved;
  }

  return {
    resolve(params) {
      const names = params.documentId != null || params.extensions?.persistedQuery != null;
      const reference = names ? documentReference(params, isKnown) : undefined;
      if (reference) return resolveReference(params, reference);
      if (onlyTrusted && !isTrusted(params.query)) throw refusal();
      return params;
    },
    accepted(params) {
      const document = offered.get(params);
      if (document && offered.delete(params)) return store?.set(document.hash, document.text);
    },
    nameOf: (query) => trusted?.nameOf(query),
    knownNames: trusted?.names ?? [],
  };
}

/** Without the document's id, which is answered with this: what comes after knows texts alone. */
function withText<P extends DocumentParams>(params: P, query: string): P {
  if (params.query === query && params.documentId === undefined) return params;
  const { documentId: _, ...rest } = params;
  return { ...rest, query } as P;
}

const refusal = () =>
  new ClientError('PERSISTED_QUERY_ONLY', 'Only the documents of the manifest are run here: send the hash of one, or its text.');

/** A client that hashes its text in a form that is not known yet sends the text when it reads this; it is judged then. */
function refusalOf({ hash }: DocumentReference, text: unknown): ClientError {
  if (text !== undefined || hash === undefined) return refusal();
  return new ClientError('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound');
}

const mismatch = () => new ClientError('BAD_REQUEST', 'The hash is not that of the text: send the SHA-256 of `query` as it is, in UTF-8.');
