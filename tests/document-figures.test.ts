// How large documents are, counted by hand, and documents that are made to be hard to measure.

import { type DocumentNode, parse } from 'graphql';
import { expect, test } from 'vitest';
import { type DocumentFigures, figuresOf } from '../src/limits/document-figures.ts';
import { cpuTimer } from './support/cpu-time.ts';
import { printed } from './support/large-documents.ts';

const figures = (query: string) => figuresOf(parse(query));
const some = (expected: Partial<DocumentFigures>) => expect.objectContaining(expected);

const DEPTHS: [query: string, depth: number][] = [
  ['{ spas { nodes { id } } }', 3],
  ['{ viewer { id } spas { nodes { spa: createdBy { id } } } }', 4],
  ['{ ... { ... on Query { spas { ... { nodes { id } } } } } }', 3],
  ['{ spas { ...S } } fragment S on SpaConnection { nodes { ...N } } fragment N on Spa { createdBy { id } }', 4],
  ['{ spas { ...Unknown } }', 1],
  ['{ ...Unknown }', 0],
  ['fragment F on Spa { a { b { c } } }', 0],
  ['query A { a } query B { a { b } }', 2],
  ['{ __schema { types { fields { type { ofType { name } } } } } }', 1],
  ['{ __schema { types { ...T } } a { b } } fragment T on __Type { ofType { ofType { ofType { name } } } }', 2],
  ['{ t: __type(name: "Spa") { fields { name } } }', 1],
];

test.each(DEPTHS)('%s has a depth of %i', (query, depth) => {
  expect(figures(query).depth).toBe(depth);
});

test('a fragment that is spread twice counts its aliases and root fields twice', () => {
  expect(figures('{ ...F ...F } fragment F on Query { a: viewer { b: id } spas { c: nodes { id } } }')).toEqual(
    some({ aliases: 6, rootFields: 4 }),
  );
  expect(figures('{ spas { ...F ...F } } fragment F on SpaConnection { a: nodes { id } pageInfo { x } }')).toEqual(
    some({ aliases: 2, rootFields: 1 }),
  );
});

test('of several operations the largest counts, for each figure by itself', () => {
  expect(figures('query A { a: x b: x } query B { x x x } query C { x { x { ...F } } } fragment F on T { c: x }')).toEqual(
    some({ depth: 3, aliases: 2, rootFields: 3 }),
  );
});

test('aliases below introspection count, since each is answered', () => {
  expect(figures('{ __schema { a: types { name } b: types { name } } }').aliases).toBe(2);
});

test('directives count once where they are written, wherever that is', () => {
  const query = `query ($v: Int @a) @b { x @c @c ...F @d ... @e { y } } fragment F on T @f { z @g }`;
  expect(figures(query).directives).toBe(8);
});

test('tokens are those of the lexer, comments apart', () => {
  expect(figures('{ a # not this\n b(c: 1) }').tokens).toBe(9);
  expect(figuresOf({ ...parse('{ a }') } as DocumentNode).tokens).toBeUndefined();
});

test.each([
  ['itself', '{ ...A } fragment A on T { x { z } a: y { ...A } }'],
  ['itself at once', '{ ...A x } fragment A on T { a: y { z } ...A }'],
  ['each other', '{ ...A } fragment A on T { a: x { ...B } } fragment B on T { y ...A }'],
])('fragments that lead back to %s are measured once round', (_what, query) => {
  expect(figures(query)).toEqual(some({ depth: 2, aliases: 1 }));
});

test('fragments that spread others twice, sixty levels deep, are beyond any limit at once', () => {
  const workedMs = cpuTimer();
  const { aliases, rootFields, depth } = figures(printed.doubling(60));
  expect({ aliases, rootFields, depth }).toEqual({ aliases: Number.MAX_SAFE_INTEGER, rootFields: Number.MAX_SAFE_INTEGER, depth: 2 });
  expect(workedMs()).toBeLessThan(50);
});

test('aliases are exact as long as a number can be', () => {
  expect(figures(printed.doubling(11)).aliases).toBe(2 ** 11 - 1);
});

test('six hundred aliases and a thousand directives are counted', () => {
  expect(figures(printed.aliases(600))).toEqual(some({ aliases: 600, rootFields: 600, depth: 2 }));
  expect(figures(`{ x ${'@a '.repeat(1000)} }`).directives).toBe(1000);
});

test('a document is measured as deep as the parser reads it, and chains of fragments deeper', () => {
  expect(figures(printed.nested(1000)).depth).toBe(1000);
  expect(figures(printed.chained(20_000)).depth).toBe(20_000);
});
