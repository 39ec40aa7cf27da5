import { type DocumentNode, Lexer, Source, TokenKind } from 'graphql';
import { LRUCache } from 'lru-cache';
import { canonicalForm, formsOf, parseForm } from '../gateway/operation/documents/document-forms.ts';
import { documentHash } from './document-hash.ts';
import type { ManifestOperation } from './manifest.ts';
import { documentBytes } from './memory-document-store.ts';

/** The documents of a manifest. */
export type TrustedDocuments = {
  /**
   * The text by what a client calls it: the manifest's id, or the hash of a text that a client makes of the document, each with or without
   * `sha256:` before it.
   */
  find(id: string): string | undefined;
  /** The manifest's name of a text that was found or recognized; undefined for any other. It parses nothing. */
  nameOf(text: string): string | undefined;
  /**
   * Whether a text is one of the documents, in whatever order its definitions are, and with `__typename` wherever it asks for it; then its
   * hash and its name are known from now on. A text that is much longer than every document is not parsed.
   */
  recognize(text: string): boolean;
  /** Whether both texts are recognized as the same document. */
  areSame(text: string, other: string): boolean;
  names: readonly string[];
};

/** What texts that were recognized may take in memory, in bytes. */
const MAX_RECOGNIZED_BYTES = 2 ** 20;
/** Clients print as graphql-js does, or closer: nothing that they send is twice as long as the longest of these forms. */
const SLACK = 2;

export function createTrustedDocuments(operations: readonly ManifestOperation[]): TrustedDocuments {
  const textById = new Map<string, string>();
  /** The number of a document by its text, and by what all its forms have in common. */
  const byText = new Map<string, number>();
  const byForm = new Map<string, number>();
  let [maxLength, maxTokens] = [0, 0];
  for (const [i, { body }] of operations.entries()) {
    const document = parseForm(body);
    const form = canonicalForm(document);
    if (!byForm.has(form)) byForm.set(form, i);
    const number = byForm.get(form) as number;
    for (const text of [body, ...formsOf(document)]) {
      byText.set(text, number);
      textById.set(documentHash(text), text);
      maxLength = Math.max(maxLength, text.length);
      maxTokens = Math.max(maxTokens, tokensOf(text));
    }
  }
  // Last: what the manifest says goes before what is derived from it.
  for (const { id, body } of operations) textById.set(id, body);

  const recognized = new LRUCache<string, number>({
    maxSize: MAX_RECOGNIZED_BYTES,
    sizeCalculation: (_number, text) => 2 * documentBytes(text),
  });
  const textByHash = new LRUCache<string, string>({ max: 1000 });
  const numberOf = (text: string) => byText.get(text) ?? recognized.get(text);

  function read(text: string): number | undefined {
    const known = numberOf(text);
    if (known !== undefined || text.length > SLACK * maxLength) return known;
    let document: DocumentNode;
    try {
      document = parseForm(text, SLACK * maxTokens);
    } catch {
      return undefined;
    }
    const number = byForm.get(canonicalForm(document));
    if (number === undefined) return undefined;
    recognized.set(text, number);
    textByHash.set(documentHash(text), text);
    return number;
  }

  const lookUp = (id: string) => textById.get(id) ?? textByHash.get(id);
  return {
    find: (id) => lookUp(id) ?? (id.startsWith(HASH_PREFIX) ? lookUp(id.slice(HASH_PREFIX.length)) : undefined),
    nameOf(text) {
      const number = numberOf(text);
      return number === undefined ? undefined : operations[number]?.name;
    },
    recognize: (text) => read(text) !== undefined,
    areSame(text, other) {
      const number = read(text);
      return number !== undefined && number === read(other);
    },
    names: [...new Set(operations.map(({ name }) => name))],
  };
}

function tokensOf(text: string): number {
  const lexer = new Lexer(new Source(text));
  let count = 0;
  while (lexer.advance().kind !== TokenKind.EOF) count++;
  return count;
}

/** Of the document ids that are hashes, in GraphQL over HTTP. */
export const HASH_PREFIX = 'sha256:';
