// How a client names a document: Apollo's `extensions.persistedQuery`, or `documentId` of GraphQL over HTTP, appendix A.
// https://www.apollographql.com/docs/apollo-server/performance/apq
// https://github.com/graphql/graphql-over-http/blob/main/spec/Appendix%20A%20--%20Persisted%20Documents.md

import { ClientError } from '../errors.ts';
import { HASH_PREFIX } from './trusted-documents.ts';

/** Parameters of which the document is not known yet. What a client sends for null it has left out. */
export type DocumentParams = { query?: string | null; documentId?: unknown; extensions?: Record<string, unknown> | null };

/** `id`: as it came. `hash`: the SHA-256 that it means, in small digits; undefined for an id that only a manifest can give a meaning. */
export type DocumentReference = { id: string; hash: string | undefined };

/** What the parameters call their document; undefined for those that carry a text alone. Throws BAD_REQUEST for what is not well formed. */
export function documentReference(params: DocumentParams, isKnown: (id: string) => boolean): DocumentReference | undefined {
  const byId = params.documentId == null ? undefined : fromDocumentId(params.documentId);
  const persistedQuery = params.extensions?.persistedQuery;
  const byHash = persistedQuery == null ? undefined : fromPersistedQuery(persistedQuery, isKnown);
  if (byId && byHash && (byId.hash ?? byId.id) !== (byHash.hash ?? byHash.id))
    throw new ClientError('BAD_REQUEST', '`documentId` and `extensions.persistedQuery` name different documents: send one of them.');
  return byId ?? byHash;
}

function fromDocumentId(id: unknown): DocumentReference {
  if (typeof id !== 'string' || id === '')
    throw new ClientError('BAD_REQUEST', '`documentId` must be a string, as `sha256:` and the hash.');
  if (!id.startsWith(HASH_PREFIX)) return { id, hash: undefined };
  const hash = hashOf(id.slice(HASH_PREFIX.length));
  if (hash === undefined) throw new ClientError('BAD_REQUEST', '`documentId` has no SHA-256 of 64 hexadecimal digits after `sha256:`.');
  return { id, hash };
}

function fromPersistedQuery(persistedQuery: unknown, isKnown: (id: string) => boolean): DocumentReference {
  if (typeof persistedQuery !== 'object' || persistedQuery === null || Array.isArray(persistedQuery))
    throw new ClientError('BAD_REQUEST', '`extensions.persistedQuery` must be an object with `version` and `sha256Hash`.');
  const { version, sha256Hash: id } = persistedQuery as { version?: unknown; sha256Hash?: unknown };
  if (version !== 1) throw new ClientError('BAD_REQUEST', '`extensions.persistedQuery.version` must be 1: no other version is known here.');
  const hash = typeof id === 'string' ? hashOf(id) : undefined;
  // Apollo's clients send whatever the manifest has for an id in the hash's place.
  if (typeof id !== 'string' || (hash === undefined && !isKnown(id)))
    throw new ClientError('BAD_REQUEST', '`extensions.persistedQuery.sha256Hash` must be a SHA-256 of 64 hexadecimal digits.');
  return { id, hash };
}

const hashOf = (text: string) => (/^[0-9a-f]{64}$/i.test(text) ? text.toLowerCase() : undefined);
