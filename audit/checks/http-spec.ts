// GraphQL over HTTP, by the audits of graphql-http, and what clients of application/json get for errors.

import { serverAudits } from 'graphql-http';
import { verdictOf } from '../../harness/verdict.ts';
import { type Asked, ask, at, inTurn, isAnswered, times, told } from '../ask.ts';
import type { Check, Settings } from '../check.ts';
import type { Answer } from '../client.ts';
import { SHOWN } from './shape.ts';

/** Rates of requests are not met; points of a minute and calls of fields are. */
const RATED: Settings = {
  RATE_LIMIT_PER_MINUTE: '100000',
  RATE_LIMIT_PER_HOUR: '100000',
  COST_PER_MINUTE: '200',
  TRUSTED_PROXIES: 'loopback',
};
const ACCEPTS = ['application/json', '*/*', undefined];
/** Verifies so many certificates, by other names for each round: what is kept counts for nobody. */
const verifying = (count: number, round: string) =>
  `{ __typename ${times(count, (i) => `${round}_${i}: certificate(number: "INV-2023-0000001") { id }`).join(' ')} }`;
const waits = ({ headers }: Answer) => Number(headers['retry-after']) > 0;
const seen = (answer: Answer) => `${told(answer)}, Retry-After ${answer.headers['retry-after'] ?? 'not there'}`;

/** Each with what it must get as JSON. */
const errors: readonly (readonly [expected: string, asked: Asked])[] = [
  ['200 GRAPHQL_PARSE_FAILED', { query: '{ viewer {' }],
  ['200 GRAPHQL_VALIDATION_FAILED', { query: '{ nothing }' }],
  ['200 OPERATION_RESOLUTION_FAILURE', { query: 'query A { __typename }', operationName: 'B' }],
  ['200 BAD_USER_INPUT', { query: 'query ($n: Int) { spas(first: $n) { nodes { id } } }', variables: { n: 'x' } }],
  ['200 LIMIT_EXCEEDED', { query: `{ ${times(40, (i) => `a${i}: __typename`).join(' ')} }` }],
  ['200 UNAUTHENTICATED', { query: '{ viewer { id } }', token: 'forged' }],
  ['200 UNAUTHENTICATED', { query: '{ users { nodes { id } } }' }],
  ['200 PERSISTED_QUERY_NOT_FOUND', { extensions: { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } } }],
  ['400 BAD_REQUEST', {}],
];

export const httpSpec: readonly Check[] = [
  {
    name: 'http: GraphQL over HTTP',
    tried: 'the server audits of graphql-http',
    expected: 'all hold, those of what a server should and may do too',
    run: async (ctx) => {
      // Some ask for a type of the schema.
      const { url } = await ctx.gateway(SHOWN);
      const results = await inTurn(serverAudits({ url: url.replace('localhost', '127.0.0.1'), fetchFn: fetch }), ({ fn }) => fn());
      const failed = results.flatMap((result) =>
        result.status === 'ok' ? [] : [`${result.id} (${result.status}) ${result.name}: ${result.reason}`],
      );
      return verdictOf(failed, `${results.length - failed.length} of ${results.length} hold`);
    },
  },
  {
    name: 'http: errors as JSON',
    tried: 'requests with errors of every kind that strangers can cause, for clients that accept application/json, */* or say nothing',
    expected: '200 with the code for each that is well formed, 400 for one that is not',
    run: async (ctx) => {
      const gateway = await ctx.gateway(SHOWN);
      const problems = await inTurn(ACCEPTS, (accept) =>
        inTurn(errors, async ([expected, asked]) => {
          const answer = await ask(gateway, { ...asked, headers: { accept } });
          return told(answer) === expected ? [] : [`${JSON.stringify(asked).slice(0, 60)} for ${accept} gets ${told(answer)}`];
        }),
      );
      return verdictOf(problems.flat(2), `${ACCEPTS.length * errors.length} as they must be`);
    },
  },
  {
    name: 'http: refusals for rate as JSON',
    tried: 'pages until the points of a minute are spent, and a field beyond its limit beside another, for the same clients',
    expected: '429 for the first, data for the other field of the second, and Retry-After for both',
    run: async (ctx) => {
      const gateway = await ctx.gateway(RATED);
      const problems = await inTurn(ACCEPTS, async (accept) => {
        const who = ACCEPTS.indexOf(accept);
        const asking = { from: `203.0.113.${100 + who}`, headers: { accept } };
        for (const round of ['a', 'b']) await ask(gateway, { query: verifying(15, `${round}${who}`), ...asking });
        const field = await ask(gateway, { query: verifying(1, `c${who}`), ...asking });
        // Each page is another one: what is kept costs nothing.
        const pages = await inTurn(
          times(12, (i) => i),
          (i) => ask(gateway, { query: `{ p${who}_${i}: publicCertificates(first: 90) { nodes { id } } }`, ...asking }),
        );
        const points = pages.find((answer) => !isAnswered(answer));
        return [
          ...(told(field) === '200 RATE_LIMITED' && at(field.json, 'data.__typename') && waits(field) ? [] : [`a field: ${seen(field)}`]),
          ...(points && told(points) === '429 RATE_LIMITED' && waits(points) ? [] : [`points: ${points ? seen(points) : 'never met'}`]),
        ].map((problem) => `for ${accept}, ${problem}`);
      });
      return verdictOf(problems.flat(), 'as they must be');
    },
  },
];
