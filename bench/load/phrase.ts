// The frontend's own documents, for every server that serves Convoy's schema.

import { readFileSync } from 'node:fs';
import { type DefinitionNode, parse, print } from 'graphql';
import { encodeId } from './ids.ts';
import type { Arguments, Operation } from './operations.ts';

/** How a server is asked, and how its answer is read. */
export type Dialect = {
  /** The body of the request. */
  phrase: (operation: Operation, args: Arguments) => string;
  /** The answer in the shape that the frontend's documents give it; what it has that theirs have not is its own affair. */
  read: (operation: Operation, data: Record<string, unknown>) => unknown;
};

const definitions = parse(readFileSync(new URL('../../src/modules/examples.graphql', import.meta.url), 'utf8')).definitions;

/** The operation of this name with the fragments that it needs. */
export function documentOf(name: string): string {
  const needed = new Map<string, DefinitionNode>();
  const collect = (wanted: string) => {
    const definition = definitions.find((d) => 'name' in d && d.name?.value === wanted);
    if (!definition) throw new Error(`src/modules/examples.graphql has no ${wanted}.`);
    if (needed.has(wanted)) return;
    needed.set(wanted, definition);
    for (const [, fragment = ''] of print(definition).matchAll(/\.\.\.\s*(?!on\b)(\w+)/g)) collect(fragment);
  };
  collect(name);
  return [...needed.values()].map(print).join('\n\n');
}

const documents = new Map<Operation, string>();

function variablesOf(operation: Operation, { category, spaId, templateId, city, number, after }: Arguments): object {
  if (operation === 'SpaPage') return { id: encodeId('Spa', spaId ?? 0) };
  if (operation === 'VerifyCertificate') return { number };
  if (operation === 'Me') return {};
  const filter = {
    category,
    city,
    spaId: spaId && encodeId('Spa', spaId),
    templateId: templateId && encodeId('CertificateTemplate', templateId),
  };
  return { filter, after };
}

export const frontend: Dialect = {
  phrase(operation, args) {
    if (!documents.has(operation)) documents.set(operation, documentOf(operation));
    return JSON.stringify({ operationName: operation, query: documents.get(operation), variables: variablesOf(operation, args) });
  },
  read: (_operation, data) => data,
};

/** For a server whose counts are plain numbers. */
export const plainCounts: Dialect = {
  phrase: (operation, args) => frontend.phrase(operation, args).replace(/totalCount \{[^}]*\}/g, 'totalCount'),
  read: (_operation, data) => withCounts(data),
};

/** Every `totalCount` as the frontend reads it: the peers that use this count one by one, whatever it takes. */
export function withCounts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withCounts);
  if (typeof value !== 'object' || value === null) return value;
  const exact = (count: unknown) => ({ value: count, isExact: true });
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === 'totalCount' && typeof inner === 'number' ? exact(inner) : withCounts(inner),
    ]),
  );
}

/** For a server without GraphQL: the name of the operation and its variables. */
export const bare: Dialect = {
  phrase: (operation, args) => JSON.stringify({ operation, variables: args }),
  read: (_operation, data) => data,
};
