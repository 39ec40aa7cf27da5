// What pages of other sites can make a browser send, and read.

import { verdictOf } from '../../harness/verdict.ts';
import { ask, inTurn, tally } from '../ask.ts';
import { type Check, OPEN } from '../check.ts';
import { type Sent, send } from '../client.ts';

const ORIGIN = 'https://app.example';
const MUTATION = 'mutation { signIn(input: { usernameOrEmail: "nobody", password: "none" }) { token } }';
const JSON_BODY = JSON.stringify({ query: MUTATION });
const FORM = `query=${encodeURIComponent(MUTATION)}`;
const PARTS = `--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n${JSON_BODY}\r\n--x\r\ncontent-disposition: form-data; name="map"\r\n\r\n{}\r\n--x--\r\n`;

const simple: readonly (readonly [type: string | undefined, body: string])[] = [
  ['application/x-www-form-urlencoded', FORM],
  ['Application/X-WWW-Form-URLEncoded; charset=utf-8', FORM],
  ['text/plain', JSON_BODY],
  ['text/plain;charset=application/json', JSON_BODY],
  ['multipart/form-data; boundary=x', PARTS],
  [undefined, JSON_BODY],
];

/** Origins that are not the one on the list, though some would like to be. */
const OTHERS = [
  'null',
  '*',
  'https://app.example.evil.example',
  'https://evil-app.example',
  'https://evil.app.example',
  'http://app.example',
  'https://app.example:444',
  'https://app.example.',
  'https://app_example',
  'https://evil.example/https://app.example',
];
const ALLOWING = ['access-control-allow-origin', 'access-control-allow-credentials'] as const;

const preflight = (origin: string): Sent => ({
  method: 'OPTIONS',
  headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization, content-type' },
});

export const crossSite: readonly Check[] = [
  {
    name: 'cross-site: what a form can send',
    tried: 'a mutation as a form, as text, as a multipart form and without a type, each as a page of any site can send it',
    expected: '403 CROSS_SITE_REQUEST for each',
    run: async (ctx) => {
      const gateway = await ctx.gateway(OPEN);
      const answers = await inTurn(simple, ([type, body]) =>
        send(gateway, { body, headers: { 'content-type': type, origin: 'https://evil.example' } }),
      );
      const happened = tally(answers);
      return { happened, holds: happened === `${simple.length} × 403 CROSS_SITE_REQUEST` };
    },
  },
  {
    name: 'cross-site: mutations by GET',
    tried: 'a mutation in the address, as the first of two operations too, and in other spellings',
    expected: '405 for each, and nothing is done',
    run: async (ctx) => {
      const gateway = await ctx.gateway(OPEN);
      const two = `query Q { __typename } ${MUTATION.replace('mutation', 'mutation M')}`;
      const targets = [
        `/graphql?query=${encodeURIComponent(MUTATION)}`,
        `/graphql?query=${encodeURIComponent(two)}&operationName=M`,
        `/graphql?x=1&query=%6dutation${encodeURIComponent(MUTATION.slice(8))}`,
      ];
      const answers = await inTurn(targets, (target) => send(gateway, { method: 'GET', target, headers: { accept: 'application/json' } }));
      return {
        happened: tally(answers),
        holds: answers.every(({ status, json }) => status === 405 && !(json as { data?: unknown } | undefined)?.data),
      };
    },
  },
  {
    name: 'cors: a query of an origin of the list',
    tried: `a query of a page of ${ORIGIN}`,
    expected: 'the answer names the very origin, and lets no credentials of the browser through',
    run: async (ctx) => {
      const { headers } = await ask(await ctx.gateway(OPEN), { query: '{ __typename }', headers: { origin: ORIGIN } });
      const [origin, credentials] = ALLOWING.map((name) => headers[name] ?? 'none');
      return { happened: `origin ${origin}, credentials ${credentials}`, holds: origin === ORIGIN && credentials === 'none' };
    },
  },
  {
    name: 'cors: a preflight of an origin of the list',
    tried: `what a browser asks before a page of ${ORIGIN} may send JSON with a token`,
    expected: '2xx, as browsers want it, with the very origin, POST, content-type and authorization',
    run: async (ctx) => {
      const { status, headers } = await send(await ctx.gateway(OPEN), preflight(ORIGIN));
      const [origin, methods, names] = ['origin', 'methods', 'headers'].map((name) => headers[`access-control-allow-${name}`] ?? 'none');
      const isAllowed =
        origin === ORIGIN && /POST/.test(methods ?? '') && /authorization/.test(names ?? '') && /content-type/.test(names ?? '');
      return {
        happened: `${status}, origin ${origin}, methods ${methods}, headers ${names}`,
        holds: status >= 200 && status < 300 && isAllowed,
      };
    },
  },
  {
    name: 'cors: other origins',
    tried: `queries and preflights of ${OTHERS.length} others: null, *, and some that look like the one of the list`,
    expected: 'none is let in',
    run: async (ctx) => {
      const gateway = await ctx.gateway(OPEN);
      const letIn = await inTurn(OTHERS, async (origin) => {
        const answers = [await ask(gateway, { query: '{ __typename }', headers: { origin } }), await send(gateway, preflight(origin))];
        return answers.some(({ headers }) => ALLOWING.some((name) => headers[name] !== undefined)) ? [`${origin} is let in`] : [];
      });
      return verdictOf(letIn.flat(), 'none is let in');
    },
  },
  {
    name: 'cors: a page that asks for itself',
    tried: 'a mutation with the origin of another site, as JSON, which needs a preflight',
    expected: 'the preflight allows neither the type nor the token',
    run: async (ctx) => {
      const { headers } = await send(await ctx.gateway(OPEN), preflight('https://evil.example'));
      const allowing = Object.keys(headers).filter((name) => name.startsWith('access-control-'));
      return verdictOf(
        allowing.map((name) => `${name}: ${headers[name]}`),
        'no header of CORS',
      );
    },
  },
];
