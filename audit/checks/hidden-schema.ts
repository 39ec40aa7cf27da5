// A schema that is not shown: neither as a whole nor name by name.

import { getIntrospectionQuery } from 'graphql';
import { verdictOf } from '../../harness/verdict.ts';
import { ask, inTurn, told } from '../ask.ts';
import { type Check, OPEN } from '../check.ts';
import { send } from '../client.ts';

/** Nearly right names, each in another place. */
const guesses: readonly (readonly [string, object?])[] = [
  ['{ viewr { id } }'],
  ['{ viewer { usernam } }'],
  ['{ spas(firs: 1) { nodes { id } } }'],
  ['{ spas(filter: { serch: "a" }) { nodes { id } } }'],
  ['{ publicCertificates(filter: { category: ID_CART }) { nodes { id } } }'],
  ['query ($f: SpaFiltr) { spas(filter: $f) { nodes { id } } }'],
  ['query ($f: SpaFilter) { spas(filter: $f) { nodes { id } } }', { f: { serch: 'a' } }],
  ['query ($f: CertificateFilter) { publicCertificates(filter: $f) { nodes { id } } }', { f: { category: 'ID_CART' } }],
  ['{ node(id: "x") { ... on Spaa { id } } }'],
  ['fragment F on Usr { id } { viewer { ...F } }'],
  ['{ viewer { id @inclde(if: true) } }'],
  ['mutation { signInn(input: {}) { token } }'],
  ['mutation { signIn(input: { usernameOrEmal: "a" }) { token } }'],
  ['subscription { certificateIsued { id } }'],
];

const asking = [
  getIntrospectionQuery(),
  '{ __schema { queryType { name } } }',
  '{ __type(name: "User") { fields { name } } }',
  '{ a: __schema { types { name } } }',
  'query { ...F } fragment F on Query { __schema { types { name } } }',
];

export const hiddenSchema: readonly Check[] = [
  {
    name: 'schema: introspection',
    tried: '__schema and __type, plainly, by an alias and in a fragment, by POST and by GET, where the schema is not shown',
    expected: 'refused, with nothing of the schema',
    run: async (ctx) => {
      const gateway = await ctx.gateway(OPEN);
      const answers = await inTurn(asking, async (query) => [
        await ask(gateway, { query }),
        await send(gateway, { method: 'GET', target: `/graphql?query=${encodeURIComponent(query)}` }),
      ]);
      const shown = answers
        .flat()
        .filter(({ json, codes }) => (json as { data?: unknown } | undefined)?.data != null || codes.length === 0);
      return verdictOf(
        shown.length > 0 ? [`${shown.length} of ${answers.flat().length} were answered`] : [],
        told(answers[0]?.[0] as never),
      );
    },
  },
  {
    name: 'schema: names that are nearly right',
    tried: `${guesses.length} names with a letter wrong, in every place where a name may stand`,
    expected: "errors without 'Did you mean', or any name that was not sent",
    run: async (ctx) => {
      const gateway = await ctx.gateway(OPEN);
      const hints = await inTurn(guesses, async ([query, variables]) => {
        const { body, codes } = await ask(gateway, { query, variables });
        return codes.length === 0
          ? [`${query} gets ${body}`]
          : /did you mean|search|ID_CARD|"Spa"|SpaFilter"/i.test(body)
            ? [`${query} gets ${body}`]
            : [];
      });
      return verdictOf(hints.flat(), 'no hint');
    },
  },
  {
    name: 'schema: the page',
    tried: 'a browser that opens the address, and the files of the playground, where it is not shown',
    expected: 'no page, no file',
    run: async (ctx) => {
      const gateway = await ctx.gateway(OPEN);
      const targets = ['/graphql', '/', '/graphql/', '/graphql/playground-x.js', '/graphql/playground.js', '/playground', '/graphiql'];
      const answers = await inTurn(targets, (target) => send(gateway, { method: 'GET', target, headers: { accept: 'text/html' } }));
      const pages = targets.filter((_, i) => /html|script/.test(answers[i]?.headers['content-type'] ?? '') || answers[i]?.status === 200);
      return verdictOf(
        pages.length > 0 ? [`there is something at ${pages.join(', ')}`] : [],
        answers.map(({ status }) => status).join(' '),
      );
    },
  },
];
