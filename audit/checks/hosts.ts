// A Host header that is more than a host: gateways that make an address of it would serve another path than the one they have looked at.

import { verdictOf } from '../../harness/verdict.ts';
import { inTurn, tally } from '../ask.ts';
import { type Check, OPEN } from '../check.ts';
import { type Answer, type Sent, send } from '../client.ts';

const QUERY = '{ spas(first: 1) { nodes { id } } }';
const ASKED = `graphql?query=${encodeURIComponent(QUERY)}`;
const LEADING = [`a/${ASKED}&x=`, `a/${ASKED}#`, `localhost/${ASKED}&`, `a/x/../${ASKED}&`, `a\\${ASKED}&x=`];
const ODD = ['[', '[::1', 'a:b:c', 'a b', '%', 'http://a', 'user@a', ''];

export const hosts: readonly Check[] = [
  {
    name: 'hosts: a path behind the host',
    tried: `GET and POST of /health with ${LEADING.length} hosts that lead to a query`,
    expected: '/health answers as ever, 404 for a POST, and no query is run',
    run: async (ctx) => {
      const gateway = await ctx.gateway(OPEN);
      const usual = await send(gateway, { method: 'GET', target: '/health' });
      const problems = await inTurn(LEADING, async (host) => {
        const got = await send(gateway, { method: 'GET', target: '/health', headers: { host, accept: 'application/json' } });
        const posted = await send(gateway, { target: '/health', headers: { host }, body: JSON.stringify({ query: QUERY }) });
        const isRun = (answer: Answer) => answer.body.includes('"data"');
        return [
          ...(got.status === usual.status && !isRun(got) ? [] : [`${host}: GET gets ${got.status} ${got.body.slice(0, 80)}`]),
          ...(posted.status === 404 && !isRun(posted) ? [] : [`${host}: POST gets ${posted.status} ${posted.body.slice(0, 80)}`]),
        ];
      });
      return verdictOf(problems.flat(), `/health is ${usual.status} for GET and 404 for POST, with each`);
    },
  },
  {
    name: 'hosts: what is no host',
    tried: `operations, and a path that is not there, with ${ODD.length} hosts that are none`,
    expected: 'they are answered as with any other host, and nothing of the code is told',
    run: async (ctx) => {
      const gateway = await ctx.gateway(OPEN);
      const requests: Sent[] = [
        { body: '{"query":"{ __typename }"}' },
        { body: '{"query":"{ nothing }"}' },
        { method: 'GET', target: '/nothing' },
        { method: 'GET', target: '/health' },
      ];
      const answers: Answer[] = [];
      const problems = await inTurn(requests, async (request) => {
        const usual = await send(gateway, request);
        return await inTurn(ODD, async (host) => {
          const answer = await send(gateway, { ...request, headers: { host } });
          answers.push(answer);
          const isSame = answer.status === usual.status && answer.codes.join() === usual.codes.join();
          return isSame && !/node_modules|\.ts\b|TypeError/.test(answer.body)
            ? []
            : [`${host} gets ${answer.status} ${answer.body.slice(0, 80)}`];
        });
      });
      return verdictOf(problems.flat(2), tally(answers));
    },
  },
];
