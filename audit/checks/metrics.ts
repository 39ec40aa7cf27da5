// Figures of the gateway's work, which are for those who look after it.

import { verdictOf } from '../../harness/verdict.ts';
import { inTurn } from '../ask.ts';
import { type Check, OPEN, type Settings } from '../check.ts';
import { send } from '../client.ts';

const TOKEN = 'a token for the metrics of the audit';
const PROXIED: Settings = { RATE_LIMIT_ENABLED: 'false', TRUSTED_PROXIES: 'loopback', METRICS_TOKEN: TOKEN };

type Headers = Record<string, string>;

/** Who asks behind a proxy that is trusted, and whether they may know. */
const asking: readonly (readonly [who: string, headers: Headers, isLetIn: boolean])[] = [
  ['this machine', {}, true],
  ['a private network', { 'x-forwarded-for': '10.1.2.3' }, true],
  ['a stranger', { 'x-forwarded-for': '203.0.113.1' }, false],
  ['a stranger who claims to be private', { 'x-forwarded-for': '10.1.2.3, 203.0.113.1' }, false],
  ['a stranger with a wrong token', { 'x-forwarded-for': '203.0.113.1', authorization: `Bearer ${TOKEN}x` }, false],
  ['a stranger with the token', { 'x-forwarded-for': '203.0.113.1', authorization: `Bearer ${TOKEN}` }, true],
];

export const metrics: readonly Check[] = [
  {
    name: 'metrics: who may read them',
    tried: 'this machine, a private network, strangers with and without the token, behind a trusted proxy',
    expected: '200 for the first two and for the token, 403 for others',
    run: async (ctx) => {
      ctx.secrets.add(TOKEN);
      const gateway = await ctx.gateway(PROXIED);
      const flaws = await inTurn(asking, async ([who, headers, isLetIn]) => {
        const { status, body } = await send(gateway, { method: 'GET', target: '/metrics', headers });
        const isShown = status === 200 && body.includes('convoy_');
        return isShown === isLetIn && (isShown || status === 403) ? [] : [`${who} gets ${status}`];
      });
      return verdictOf(flaws.flat(), 'so it is');
    },
  },
  {
    name: 'metrics: behind a proxy that nobody has declared',
    tried: 'requests that a proxy on this machine has passed on, as X-Forwarded-For and Forwarded tell',
    expected: '403 for both',
    run: async (ctx) => {
      const gateway = await ctx.gateway(OPEN);
      const forwarded: Headers[] = [{ 'x-forwarded-for': '10.1.2.3' }, { forwarded: 'for=10.1.2.3' }];
      const answers = await inTurn(
        forwarded as Headers[],
        async (headers) => (await send(gateway, { method: 'GET', target: '/metrics', headers })).status,
      );
      return { happened: answers.join(', '), holds: answers.every((status) => status === 403) };
    },
  },
];
