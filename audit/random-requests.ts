// Requests that a seed repeats: random valid documents, and operations of the frontend with something changed.

import { createRandom } from '../bench/load/random.ts';
import { encodeId } from '../src/graphql/ids.ts';
import { examples } from '../src/modules/examples.ts';
import { randomDocument } from '../tests/support/random-documents.ts';
import { readSchema } from './schema-inputs.ts';

/** A body, and a number by which it is decided who sends it. */
export type RandomRequest = { body: string | Buffer; by: number };

const POOLS = {
  Int: ['1', '2', '3', '20', '100', '0', '-1', '2147483647'],
  Float: ['1.5'],
  String: ['"a"', '"INV-2023-0000001"', '""', '"\\u0000"', '"%"'],
  Boolean: ['true', 'false'],
  ID: [1, 2, 3].map((id) => JSON.stringify(encodeId('Spa', id))),
  first: ['1', '2', '5', '100'],
  Date: ['"2026-01-05"'],
  DateTime: ['"2026-01-05T00:00:00Z"', '"1970-01-01T00:00:00Z"'],
  Decimal: ['"10.50"'],
  JSON: ['{}'],
};

const TOKENS = /[A-Za-z_]\w*|\d+|"(?:[^"\\]|\\.)*"|\.\.\.|[^\s\w]/g;
const ODD = [
  '{',
  '}',
  '(',
  ')',
  '"',
  '...',
  '$x',
  '@skip(if: true)',
  '\u0000',
  '\\u',
  '-1',
  '1e999',
  'null',
  '__typename',
  'fragment',
  'on',
  '#',
  '"""',
  '💆',
  '[',
  ':',
];

/** Gives one request after the other, the same for the same seed. */
export function createDocuments(seed: number): () => RandomRequest {
  const schema = readSchema();
  const { below, shuffle } = createRandom(seed);
  const pick = <T>(all: readonly T[]) => all[below(all.length)] as T;
  const random = { below, pick };
  const words = examples.flatMap(({ query }) => query.match(TOKENS) ?? []);

  /** Words taken out, put in, doubled, exchanged. */
  const withWordsChanged = (text: string): string => {
    const tokens = text.match(TOKENS) ?? [];
    for (let changes = 1 + below(4); changes > 0; changes--) {
      const at = below(tokens.length);
      const kind = below(5);
      if (kind === 0) tokens.splice(at, 1);
      else if (kind === 1) tokens.splice(at, 0, pick(words));
      else if (kind === 2) tokens.splice(at, 1, pick(ODD));
      else if (kind === 3) tokens.splice(at, 0, ...tokens.slice(at, at + below(20)));
      else tokens.splice(at, 3, ...shuffle(tokens.slice(at, at + 3)));
    }
    return tokens.join(' ');
  };
  const withBytesChanged = (text: string): Buffer => {
    const bytes = Buffer.from(text);
    for (let changes = 1 + below(6); changes > 0; changes--) bytes[below(bytes.length)] = below(256);
    return below(4) === 0 ? bytes.subarray(0, below(bytes.length)) : bytes;
  };

  return () => {
    const by = below(1000);
    const kind = below(10);
    if (kind < 5) return { body: JSON.stringify(randomDocument(schema, random, POOLS)), by };
    const { query, variables } = pick(examples);
    // A subscription does not end, and a password takes its time: words of them still get into others.
    if (/^\s*(subscription|mutation Sign)/.test(query))
      return { body: JSON.stringify({ query: withWordsChanged('{ spas(first: 2) { nodes { id } } }') }), by };
    if (kind < 8) return { body: JSON.stringify({ query: withWordsChanged(query), variables }), by };
    return { body: withBytesChanged(JSON.stringify({ query, variables })), by };
  };
}
