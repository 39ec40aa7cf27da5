// Documents and variables that are large, deep, or little to send and much to do.

import { getIntrospectionQuery } from 'graphql';
import { printed } from '../../tests/support/large-documents.ts';
import { times } from '../ask.ts';
import type { Check, Settings } from '../check.ts';
import { type Attack, attackOf } from './attack.ts';

/** As in a workplace: the schema may be asked for. */
export const SHOWN: Settings = { RATE_LIMIT_ENABLED: 'false', PLAYGROUND: 'true', INTROSPECTION: 'true' };

const EXCEEDED = '400 LIMIT_EXCEEDED';
const INVALID = '400 GRAPHQL_VALIDATION_FAILED';
const joined = (count: number, make: (i: number) => string) => times(count, make).join(' ');

/** Twelve fields below each other, and as many more as `rest` has. */
const deep = (rest: string) => {
  const round = (below: string) => `certificates(first: 1) { nodes { issuedBy { ${below} } } }`;
  return `{ viewer { ${round(round(round(`certificates(first: 1) { ${rest} }`)))} } }`;
};
const fields = (count: number) => `{ viewer { ${'id '.repeat(count)} } }`;
/** Five tokens each; the last has one more. */
const operations = (count: number, last = '') => joined(count, (i) => `query Q${i} { __typename ${i + 1 === count ? last : ''}}`);
/** Each fragment spreads the next one twice, and has nothing else. */
const doubled = (levels: number, type: string, last: string) =>
  joined(levels, (i) => `fragment F${i + 1} on ${type} { ${i + 1 < levels ? `...F${i + 2} ...F${i + 2}` : last} }`);
const circle = (levels: number): string => (levels === 0 ? 'name' : `type { fields { ${circle(levels - 1)} } }`);
const nestedList = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const nestedObject = (levels: number) => `${'{a: '.repeat(levels)}1${'}'.repeat(levels)}`;
const inFilter = (literal: string) => `{ spas(filter: { search: ${literal} }) { nodes { id } } }`;
const SEARCH = 'query ($search: String) { spas(first: 1, filter: { search: $search }) { nodes { id } } }';
const inVariable = (json: string) => () => ({ body: `{"query":${JSON.stringify(SEARCH)},"variables":{"search":${json}}}` });

const attacks: readonly Attack[] = [
  {
    name: 'depth 13',
    tried: '13 fields below each other',
    expected: EXCEEDED,
    limit: 'depth',
    asked: () => ({ query: deep('nodes { id }') }),
  },
  { name: 'depth 12', tried: '12 fields below each other', expected: '200', asked: () => ({ query: deep('__typename') }) },
  {
    name: 'depth through fragments',
    tried: '20 fragments, each with a field and the next fragment below it',
    expected: EXCEEDED,
    limit: 'depth',
    asked: () => ({ query: printed.chained(20).replaceAll('...F21', 'a').replaceAll('on T', 'on Query') }),
  },
  {
    name: 'depth of introspection',
    tried: 'the query by which tools read a schema, where it may be read',
    expected: '200',
    settings: SHOWN,
    asked: () => ({ query: getIntrospectionQuery() }),
  },
  {
    name: '31 aliases',
    tried: '31 aliases of a field',
    expected: EXCEEDED,
    limit: 'aliases',
    asked: () => ({ query: `{ viewer { ${joined(31, (i) => `a${i}: id`)} } }` }),
  },
  {
    name: '30 aliases',
    tried: '30 aliases of a field',
    expected: '200',
    asked: () => ({ query: `{ viewer { ${joined(30, (i) => `a${i}: id`)} } }` }),
  },
  {
    name: 'aliases in fragments',
    tried: 'one alias in a fragment that is spread 2^30 times',
    expected: EXCEEDED,
    limit: 'aliases',
    asked: () => ({ query: `{ viewer { ...F1 } } ${doubled(31, 'User', 'a: id')}` }),
  },
  {
    name: '21 fields at the root',
    tried: '21 times __typename',
    expected: EXCEEDED,
    limit: 'rootFields',
    asked: () => ({ query: `{ ${'__typename '.repeat(21)} }` }),
  },
  {
    name: '20 fields at the root',
    tried: '20 times __typename',
    expected: '200',
    asked: () => ({ query: `{ ${'__typename '.repeat(20)} }` }),
  },
  {
    name: '2,001 tokens',
    tried: 'a document of as many',
    expected: EXCEEDED,
    limit: 'tokens',
    asked: () => ({ query: operations(400, '__typename'), operationName: 'Q0' }),
  },
  { name: '2,000 tokens', tried: 'a document of as many', expected: '200', asked: () => ({ query: operations(400), operationName: 'Q0' }) },
  {
    name: 'the same field over and over',
    tried: 'a field 1,990 times, which are one',
    expected: ['200', INVALID],
    asked: () => ({ query: fields(1990) }),
  },
  {
    name: 'a list of 300,000 fields',
    tried: 'a document of 900 KB',
    expected: EXCEEDED,
    limit: 'tokens',
    asked: () => ({ query: fields(300_000) }),
  },
  {
    name: '51 directives',
    tried: '51 times @include',
    expected: EXCEEDED,
    limit: 'directives',
    asked: () => ({ query: `{ viewer { ${'id @include(if: true) '.repeat(51)} } }` }),
  },
  {
    name: '50 directives',
    tried: '50 times @include',
    expected: '200',
    asked: () => ({ query: `{ viewer { ${'id @include(if: true) '.repeat(50)} } }` }),
  },
  {
    name: 'fragments that multiply at the root',
    tried: '31 fragments, each of which spreads the next one twice: 2^30 fields',
    expected: EXCEEDED,
    limit: 'rootFields',
    asked: () => ({ query: `{ ...F1 } ${doubled(31, 'Query', '__typename')}` }),
  },
  {
    name: 'fragments that multiply below it',
    tried: 'the same in an object, where they are one field',
    expected: '200',
    asked: () => ({ query: `{ viewer { ...F1 } } ${doubled(31, 'User', 'id')}` }),
  },
  {
    name: 'lists that multiply in fragments',
    tried: '20 fragments, each of which leads to the next one by two lists',
    expected: EXCEEDED,
    asked: () => ({ query: printed.doublingLists(20), variables: { n: 1 } }),
  },
  {
    name: 'fragments that are hard to merge',
    tried: 'fragments that spread others in different sets at each level',
    expected: [EXCEEDED, '200', INVALID],
    asked: () => ({ query: printed.mingling(12) }),
  },
  {
    name: 'fragments that spread each other',
    tried: 'two fragments in a circle, and one that spreads itself',
    expected: INVALID,
    asked: () => ({ query: '{ ...A ...C } fragment A on Query { ...B } fragment B on Query { ...A } fragment C on Query { ...C }' }),
  },
  {
    name: 'introspection in circles',
    tried: 'the fields of types of fields, eight times, where the schema may be read',
    expected: [INVALID, EXCEEDED],
    settings: SHOWN,
    asked: () => ({ query: `{ __schema { types { fields { ${circle(8)} } } } }` }),
  },
  {
    name: 'introspection over and over',
    tried: 'all types eleven times, where the schema may be read',
    expected: EXCEEDED,
    limit: 'cost',
    settings: SHOWN,
    asked: () => ({ query: `{ ${joined(11, (i) => `a${i}: __schema { types { name fields { name } } }`)} }` }),
  },
  {
    name: 'the same list over and over',
    tried: 'a list with arguments 180 times, which are one',
    expected: ['200', EXCEEDED],
    asked: () => ({ query: `{ viewer { ${'certificates(first: 1) { nodes { id } } '.repeat(180)} } }` }),
  },
  {
    name: 'deep lists in a literal',
    tried: '900 lists within each other',
    expected: INVALID,
    asked: () => ({ query: inFilter(nestedList(900)) }),
  },
  {
    name: 'deep objects in a literal',
    tried: '450 objects within each other',
    expected: INVALID,
    asked: () => ({ query: inFilter(nestedObject(450)) }),
  },
  {
    name: 'very deep lists in a literal',
    tried: '400,000 lists within each other',
    expected: ['400 GRAPHQL_PARSE_FAILED', EXCEEDED],
    asked: () => ({ query: inFilter(nestedList(400_000)) }),
  },
  {
    name: 'deep lists in a variable',
    tried: '11 lists within each other',
    expected: EXCEEDED,
    limit: 'variables',
    sent: inVariable(nestedList(11)),
  },
  {
    name: 'deep objects in a variable',
    tried: '11 objects within each other',
    expected: EXCEEDED,
    limit: 'variables',
    sent: inVariable(nestedObject(11).replaceAll('a: ', '"a":')),
  },
  {
    name: 'very deep lists in a variable',
    tried: '400,000 lists within each other',
    expected: [EXCEEDED, '400 BAD_REQUEST'],
    sent: inVariable(nestedList(400_000)),
  },
  {
    name: 'large variables',
    tried: '270,000 bytes of a string',
    expected: EXCEEDED,
    limit: 'variables',
    sent: inVariable(JSON.stringify('x'.repeat(270_000))),
  },
  {
    name: 'many variables',
    tried: '30,000 variables that nobody declared',
    expected: EXCEEDED,
    limit: 'variables',
    asked: () => ({ query: SEARCH, variables: Object.fromEntries(times(30_000, (i) => [`variable${i}`, i])) }),
  },
];

export const shape: readonly Check[] = attacks.map(attackOf('shape'));
