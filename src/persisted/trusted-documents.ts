import { documentHash } from './document-hash.ts';
import type { ManifestOperation } from './manifest.ts';

/** The documents of a manifest. */
export type TrustedDocuments = {
  /** The text by what a client calls it: the manifest's id, or the hash of the text, each with or without `sha256:` before it. */
  find(id: string): string | undefined;
  /** The manifest's name of exactly this text; undefined for any other. */
  nameOf(text: string): string | undefined;
  names: readonly string[];
};

export function createTrustedDocuments(operations: readonly ManifestOperation[]): TrustedDocuments {
  const nameByText = new Map(operations.map(({ body, name }) => [body, name]));
  // The ids last: what the manifest says goes before what is derived from it.
  const textById = new Map([
    ...operations.map(({ body }): [string, string] => [documentHash(body), body]),
    ...operations.map(({ id, body }): [string, string] => [id, body]),
  ]);
  return {
    find: (id) => textById.get(id) ?? (id.startsWith(HASH_PREFIX) ? textById.get(id.slice(HASH_PREFIX.length)) : undefined),
    nameOf: (text) => nameByText.get(text),
    names: operations.map(({ name }) => name),
  };
}

/** Of the document ids that are hashes, in GraphQL over HTTP. */
export const HASH_PREFIX = 'sha256:';
