// Names that every object of JavaScript has, in every place where a client may put a name.

import { verdictOf } from '../../harness/verdict.ts';
import { isFailure } from '../../src/errors.ts';
import { afterwards, ask, inTurn, isAnswered, tally, told } from '../ask.ts';
import { type Check, OPEN } from '../check.ts';
import { type Sent, send } from '../client.ts';

const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'];
const LIST = 'query List($filter: SpaFilter, $first: Int) { spas(filter: $filter, first: $first) { nodes { id } } }';
const SIGN_UP = 'mutation ($input: SignUpInput!) { signUp(input: $input) { token } }';
const quoted = JSON.stringify;

/** Written as JSON, because an object literal with `__proto__` is not what it says. */
const bodiesWith = (name: string): string[] => [
  `{"query":${quoted(LIST)},"variables":{"${name}":{"first":1,"polluted":true},"first":1}}`,
  `{"query":${quoted(LIST)},"variables":{"filter":{"${name}":{"search":"a","polluted":true}},"first":1}}`,
  `{"query":${quoted(SIGN_UP)},"variables":{"input":{"${name}":{"username":"polluted"}}}}`,
  `{"query":${quoted(LIST)},"operationName":"${name}"}`,
  `{"query":${quoted(LIST)},"extensions":{"${name}":{"polluted":true}}}`,
  `{"query":${quoted(LIST)},"extensions":{"persistedQuery":{"${name}":{"version":1},"version":1,"sha256Hash":"${name}"}}}`,
  `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"${name}"}}}`,
  `{"query":${quoted(LIST)},"documentId":"${name}"}`,
  `{"${name}":{"query":${quoted(LIST)},"polluted":true},"query":"{ __typename }"}`,
  `{"${name}":{"query":${quoted(LIST)}}}`,
  quoted({ query: `query ($${name}: Int) { spas(first: $${name}) { nodes { id } } }`, variables: { [name]: 1 } }),
  quoted({ query: `{ ${name} }` }),
  quoted({ query: `{ ${name}: __typename }` }),
  quoted({ query: `{ ...${name} } fragment ${name} on Query { __typename }` }),
  quoted({ query: `{ viewer { id @${name} } }` }),
  quoted({ query: `{ spas(filter: { ${name}: 1 }) { nodes { id } } }` }),
  quoted({ query: `query ($x: ${name}) { spas(first: $x) { nodes { id } } }` }),
  quoted({ query: '{ publicCertificates(filter: { category: NAME }) { nodes { id } } }'.replace('NAME', name) }),
  quoted({ query: `{ node(id: ${quoted(btoa(`${name}:1`))}) { id } }` }),
];

const targetsWith = (name: string): string[] => [
  `/graphql?query={__typename}&variables={"${name}":{"polluted":true}}`,
  `/graphql?query={__typename}&operationName=${name}`,
  `/graphql?${name}=1&query={__typename}`,
  `/graphql?query={__typename}&extensions={"${name}":{"polluted":true}}`,
  `/${name}`,
];

export const prototypes: readonly Check[] = NAMES.map((name) => ({
  name: `prototypes: ${name}`,
  tried:
    'the name as a variable, a field of an input, an operation, an extension, a hash, an argument, a directive, an alias, a type and an id',
  expected: 'no failure of the gateway, nothing of it in later answers, and what is ordinary is answered',
  run: async (ctx) => {
    const gateway = await ctx.gateway(OPEN);
    const requests: Sent[] = [
      ...bodiesWith(name).map((body) => ({ body })),
      ...targetsWith(name).map((target) => ({
        method: 'GET',
        target: target.replaceAll('"', '%22').replaceAll('{', '%7B').replaceAll('}', '%7D'),
      })),
    ];
    const answers = await inTurn(requests, (sent) => send(gateway, sent));
    const later = await ask(gateway, { query: LIST, variables: { first: 1 } });
    const failed = answers.flatMap((answer, i) =>
      answer.status >= 500 || answer.codes.some(isFailure) ? [`${requests[i]?.body ?? requests[i]?.target} gets ${told(answer)}`] : [],
    );
    const problems = [
      ...failed,
      ...(/polluted/.test(later.body) || !isAnswered(later) ? [`a later query gets ${later.body}`] : []),
      ...(await afterwards(gateway)),
    ];
    return verdictOf(problems, tally(answers.map(({ status }) => String(status))));
  },
}));
