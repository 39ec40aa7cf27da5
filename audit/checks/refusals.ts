// Refusals that a stranger can provoke: each has a code, and a page of a listed origin can read it.

import { verdictOf } from '../../harness/verdict.ts';
import { ERROR_CODES } from '../../src/errors.ts';
import { inTurn, tally, told } from '../ask.ts';
import { type Check, OPEN, type Settings } from '../check.ts';
import { type Answer, type Sent, send } from '../client.ts';

const ORIGIN = 'https://app.example';
const NOBODY_IN: Settings = { RATE_LIMIT_PER_MINUTE: '0', CORS_ORIGINS: ORIGIN };
const BODY = '{"query":"{ __typename }"}';
const query = `/graphql?query=${encodeURIComponent('{ __typename }')}`;

const requests: readonly (readonly [what: string, status: number, sent: Sent])[] = [
  ['an object without an operation', 400, { body: '{}' }],
  ['no JSON', 400, { body: '{' }],
  ['a WebSocket', 400, { method: 'GET', target: query, headers: { connection: 'close, upgrade', upgrade: 'websocket' } }],
  ['no Host header', 400, { body: BODY, headers: { host: undefined } }],
  ['a broken header', 400, { body: BODY, headers: { 'bad name': 'x' } }],
  ['a broken header of blanks', 400, { body: BODY, headers: { 'access-control-request-method': `${' '.repeat(15_000)}\0` } }],
  ['another address', 404, { method: 'GET', target: '/' }],
  ['another method', 405, { method: 'DELETE' }],
  ['an Accept header of another type', 406, { body: BODY, headers: { accept: 'image/png' } }],
  ['an Accept header that takes nothing', 406, { body: BODY, headers: { accept: '*/*;q=0' } }],
  ['another type of body', 415, { body: BODY, headers: { 'content-type': 'application/xml' } }],
  ['a body in UTF-16', 415, { body: Buffer.from(BODY, 'utf16le'), headers: { 'content-type': 'application/json; charset=utf-16' } }],
  ['headers of 20 KB', 431, { body: BODY, headers: { x: 'x'.repeat(20_000) } }],
];

const flawsOf = (what: string, status: number, answer: Answer): string[] => [
  ...(answer.status === status ? [] : [`${what} is ${told(answer)}`]),
  ...(answer.codes.length === 1 && answer.codes[0] && answer.codes[0] in ERROR_CODES ? [] : [`${what} has no code of the catalogue`]),
  ...(answer.headers['access-control-allow-origin'] === ORIGIN ? [] : [`a page cannot read of ${what}`]),
];

export const refusals: readonly Check[] = [
  {
    name: 'refusals: codes',
    tried: `${requests.length} requests that cannot be read or answered, from a page of ${ORIGIN}`,
    expected: 'a code of the catalogue for each, and the page can read it',
    run: async (ctx) => {
      const gateway = await ctx.gateway(OPEN);
      const flaws = await inTurn(requests, async ([what, status, sent]) =>
        flawsOf(what, status, await send(gateway, { ...sent, headers: { origin: ORIGIN, ...sent.headers } })),
      );
      return verdictOf(flaws.flat(), 'a code for each');
    },
  },
  {
    name: 'refusals: for rate',
    tried: `preflights and a query of a page of ${ORIGIN}, for a client who may ask nothing`,
    expected: 'the preflights are answered, and the page can read the status and Retry-After of the refusal',
    run: async (ctx) => {
      const gateway = await ctx.gateway(NOBODY_IN);
      const headers = { origin: ORIGIN, 'access-control-request-method': 'POST' };
      const preflights = await inTurn([1, 2, 3], () => send(gateway, { method: 'OPTIONS', headers }));
      const refused = await send(gateway, { body: BODY, headers: { origin: ORIGIN } });
      const isExposed = /\bRetry-After\b/.test(refused.headers['access-control-expose-headers'] ?? '');
      return verdictOf(
        [
          ...(preflights.every(({ status }) => status === 204) ? [] : [`preflights are ${tally(preflights)}`]),
          ...flawsOf('the refusal', 429, refused),
          ...(isExposed && refused.headers['retry-after'] ? [] : ['Retry-After cannot be read']),
        ],
        told(refused),
      );
    },
  },
];
