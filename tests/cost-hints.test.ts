// How a schema says what its fields cost, on one that has nothing but them.

import { buildSchema, type GraphQLSchema, parse, validate } from 'graphql';
import { expect, test } from 'vitest';
import { costs } from '../src/graphql/cost-hints.ts';
import { createCostOf } from '../src/limits/cost.ts';

const SCHEMA = `
  interface Node { id: ID! }
  type Query {
    heavy: Int
    things(input: ThingsInput, size: Int = 30): [Thing!]!
    top(first: Int! = 5): [Thing!]!
    words: [String!]!
    grid: [[Thing!]!]!
    flagged: [Thing]
    page(last: Int, first: Int = 15): Page
    notPaged: Page
    shop: Shop
  }
  type Mutation { run: Int, save(n: Int): Thing }
  input ThingsInput { by: By = { ids: ["a", "b"] }, most: Int = 4 }
  input By { ids: [ID!] }
  type Thing implements Node { id: ID!, light: Thing, part: Part, found(at: Int): Thing }
  type Part { name: String }
  type Page { edges: [Edge], nodes: [Thing] }
  interface Shop { page(first: Int): Page }
  type Small implements Shop { page(first: Int = 2): Page }
  type Large implements Shop { page(first: Int = 90): Page }
  type Edge { node: Thing, part: Part }
`;

/** The schema with hints for some of its fields. */
function hinted(hints: Record<string, ReturnType<typeof costs>> = {}): GraphQLSchema {
  const schema = buildSchema(SCHEMA);
  for (const [at, extensions] of Object.entries(hints)) {
    const [type = '', name = ''] = at.split('.');
    const parent = schema.getType(type);
    if (parent && 'getFields' in parent) Object.assign(parent.getFields()[name] as object, { extensions });
  }
  return schema;
}

function costOf(query: string, hints: Parameters<typeof hinted>[0] = {}) {
  const schema = hinted(hints);
  const document = parse(query);
  expect(validate(schema, document)).toEqual([]);
  const cost = createCostOf(schema)(document);
  if (!cost) throw new Error('There is no operation.');
  return cost;
}
const estimate = (query: string, hints = {}, variables = {}) => costOf(query, hints).estimate(variables);

test('without hints, costs follow the form of the schema', () => {
  expect(estimate('{ heavy words }')).toBe(1);
  expect(estimate('{ flagged { id } }')).toBe(10);
  expect(estimate('{ flagged { part { name } } }')).toBe(20);
  expect(estimate('{ flagged { light { id } } }')).toBe(13);
  expect(estimate('{ flagged { found { id } } }')).toBe(20);
  expect(estimate('{ top { id } }')).toBe(5);
  expect(estimate('{ top(first: 50) { id } }')).toBe(50);
  expect(estimate('{ top(first: 5000) { id } }')).toBe(100);
  expect(estimate('{ things(size: 3) { id } }')).toBe(10);
  expect(estimate('mutation { run save { id } }')).toBe(20);
});

test('a connection is known by its arguments and its lists; without arguments it is an object with lists', () => {
  expect(estimate('{ page { nodes { id } edges { node { id } part { name } } } }')).toBe(15 + 15 * 2);
  expect(estimate('{ page(first: null) { nodes { id } } }')).toBe(20);
  const withDefaults = 'query ($n: Int, $m: Int = null) { a: page(first: $n) { nodes { id } } b: page(first: $m) { nodes { id } } }';
  expect(estimate(withDefaults)).toBe(15 + 20);
  expect(estimate('{ shop { page { nodes { id } } } }')).toBe(1 + 90);
  expect(estimate('{ notPaged { nodes { id } edges { node { id } } } }')).toBe(1 + 10 + 10 * 1.25 + 0.5);
});

test('a weight is what a field costs by itself, each time', () => {
  const heavy = { 'Query.heavy': costs({ weight: 50 }), 'Thing.light': costs({ weight: 0 }), 'Query.top': costs({ weight: 7 }) };
  expect(estimate('{ heavy again: heavy }', heavy)).toBe(100);
  expect(estimate('{ flagged { light { light { part { name } } } } }', heavy)).toBe(20);
  expect(estimate('{ top(first: 2) { id } }', heavy)).toBe(9);
  expect(estimate('{ page(first: 9) { nodes { id } } }', { 'Query.page': costs({ weight: 3 }) })).toBe(12);
  expect(estimate('mutation { run }', { 'Mutation.run': costs({ weight: 0.5 }) })).toBe(1);
  expect(costOf('{ heavy again: heavy }', heavy).actual({ heavy: 1, again: null }, {})).toBe(50);
});

test('a size is what a list is assumed to have', () => {
  expect(estimate('{ flagged { id } }', { 'Query.flagged': costs({ size: 3 }) })).toBe(3);
  const { actual } = costOf('{ flagged { id } }', { 'Query.flagged': costs({ size: 3 }) });
  expect(actual({ flagged: [{}, null] }, {})).toBe(1);
  expect(actual({ flagged: [{}, {}, {}, {}, {}] }, {})).toBe(3);
});

test('a multiplier is a number, or a list that names what is read', () => {
  const bySize = { 'Query.things': costs({ multiplier: 'size', max: 40 }) };
  const query = 'query ($n: Int) { things(size: $n) { id } }';
  expect(estimate('{ things { id } }', bySize)).toBe(30);
  expect([{}, { n: 3 }, { n: 41 }, { n: null }].map((variables) => estimate(query, bySize, variables))).toEqual([30, 3, 40, 10]);
  expect(estimate(query, { 'Query.things': costs({ multiplier: 'size' }) }, { n: 5000 })).toBe(5000);
  expect(costOf(query, bySize).actual({ things: [{}, {}] }, { n: 3 })).toBe(2);
});

test('a multiplier within an input object is found in literals, in variables at any level, and in the defaults of the schema', () => {
  const byIds = { 'Query.things': costs({ multiplier: 'input.by.ids', size: 6 }) };
  const literal = (input: string) => estimate(`{ things(input: ${input}) { id } }`, byIds);
  expect(['{}', '{ by: { ids: ["a"] } }', '{ by: { ids: "a" } }', '{ by: {} }', '{ by: null }', 'null'].map(literal)).toEqual([
    2, 1, 1, 6, 6, 6,
  ]);
  expect(estimate('query ($by: By) { things(input: { by: $by }) { id } }', byIds, { by: { ids: ['a', 'b', 'c'] } })).toBe(3);
  expect(estimate('query ($ids: [ID!]) { things(input: { by: { ids: $ids } }) { id } }', byIds, { ids: ['a', 'b', 'c', 'd'] })).toBe(4);
  const whole = (variables: object) => estimate('query ($i: ThingsInput) { things(input: $i) { id } }', byIds, variables);
  expect([{}, { i: {} }, { i: { by: { ids: [] } } }, { i: { by: { ids: ['a', 'b', 'c'] } } }, { i: 'x' }].map(whole)).toEqual([
    6, 2, 1, 3, 6,
  ]);
  expect(estimate('{ things(input: { most: 9 }) { id } }', { 'Query.things': costs({ multiplier: 'input.most' }) })).toBe(9);
});

test('no objects of something that costs without end are nothing', () => {
  const dear = { 'Thing.part': costs({ weight: Number.POSITIVE_INFINITY }) };
  const query = 'query ($n: Int!) { top(first: $n) { part { name } } }';
  expect([0, 1].map((n) => estimate(query, dear, { n }))).toEqual([1, Number.POSITIVE_INFINITY]);
});
