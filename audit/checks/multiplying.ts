// Fragments that spread others twice, level below level: cheap for whoever visits each of them once, and for nobody else.

import { times } from '../ask.ts';
import type { Check } from '../check.ts';
import { type Attack, attackOf } from './attack.ts';
import { SHOWN } from './shape.ts';

const LEVELS = 60;

/** `fields`: what each fragment has beside the next two spreads. */
const doubled = (type: string, last: string, { fields = '', spread = '' } = {}) =>
  times(LEVELS, (i) => {
    const next = `...F${i + 1} ${spread}`;
    return `fragment F${i} on ${type} { ${i + 1 < LEVELS ? `${fields} ${next} ${next}` : last} }`;
  }).join(' ');

const EDGES = 'spa { name } template { name } issuedBy { firstName }';
const PAGE = '{ publicCertificates(first: 1) { nodes { ...F0 } } }';

const attacks: readonly Attack[] = [
  { name: 'below a page', asked: () => ({ query: `${PAGE} ${doubled('Certificate', EDGES)}` }), tried: 'at the nodes of a page' },
  {
    name: 'with fields',
    tried: 'at the nodes of a page, with two fields in each',
    asked: () => ({ query: `${PAGE} ${doubled('Certificate', EDGES, { fields: 'id number' })}` }),
  },
  {
    name: 'with edges',
    tried: 'at the nodes of a page, with an edge in each',
    asked: () => ({ query: `${PAGE} ${doubled('Certificate', EDGES, { fields: 'spa { id }' })}` }),
  },
  {
    name: 'below edges',
    tried: 'at the node of an edge of a page',
    asked: () => ({ query: `{ publicCertificates(first: 1) { edges { node { ...F0 ...F1 } } } } ${doubled('Certificate', EDGES)}` }),
  },
  {
    name: 'of a page',
    tried: 'at the page itself',
    asked: () => ({ query: `{ publicCertificates(first: 1) { ...F0 } } ${doubled('CertificateConnection', `nodes { ${EDGES} }`)}` }),
  },
  {
    name: 'of an interface',
    tried: 'at a node, whose type may be any',
    asked: () => ({ query: `{ node(id: "U3BhOjE=") { ...F0 } } ${doubled('Node', 'id ... on Spa { name }')}` }),
  },
  { name: 'of an object', tried: 'at an object', asked: () => ({ query: `{ spa(id: "U3BhOjE=") { ...F0 } } ${doubled('Spa', 'id')}` }) },
  {
    name: 'at the root',
    tried: 'at the root of a query, where they are counted',
    expected: '400 LIMIT_EXCEEDED',
    asked: () => ({ query: `{ ...F0 } ${doubled('Query', '__typename')}` }),
  },
  {
    name: 'with directives',
    tried: 'at an object, with a directive in the last',
    asked: () => ({
      query: `query ($yes: Boolean = true) { spa(id: "U3BhOjE=") { ...F0 } } ${doubled('Spa', 'id name @include(if: $yes)')}`,
    }),
  },
  {
    name: 'below introspection',
    tried: 'at a type of the schema, where it may be read',
    settings: SHOWN,
    asked: () => ({ query: `{ __type(name: "Spa") { ...F0 } } ${doubled('__Type', 'name')}` }),
  },
  {
    name: 'of a mutation',
    tried: 'at the payload of a mutation, which is refused for its password',
    expected: '200 UNAUTHENTICATED',
    asked: () => ({
      query: `mutation { signIn(input: { usernameOrEmail: "nobody", password: "none" }) { ...F0 } } ${doubled('SessionPayload', 'token')}`,
    }),
  },
].map(({ tried, expected = '200', ...rest }) => ({
  ...rest,
  expected,
  tried: `${LEVELS} fragments, each with the next one twice, ${tried}`,
}));

export const multiplying: readonly Check[] = attacks.map(attackOf('fragments'));
