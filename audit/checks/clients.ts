// Who counts as one client, behind a proxy that is trusted.

import { type Asked, ask, inTurn, times } from '../ask.ts';
import type { AuditContext, Check, Settings } from '../check.ts';

const PROXIED: Settings = { TRUSTED_PROXIES: 'loopback', RATE_LIMIT_PER_MINUTE: '3' };

/** The statuses of requests that come one after the other, three a minute being allowed to a client. */
async function statusesOf(ctx: AuditContext, requests: readonly Asked[]): Promise<string> {
  const gateway = await ctx.gateway(PROXIED);
  const answers = await inTurn(requests, (asked) => ask(gateway, { query: '{ __typename }', ...asked }));
  return answers.map(({ status }) => status).join(' ');
}

/** `meaning`: why the statuses are these, where that is not plain. */
type Case = {
  name: string;
  tried: string;
  statuses: string;
  meaning?: string;
  requests: (ctx: AuditContext) => Promise<Asked[]> | Asked[];
};

const THREE = '200 200 200';
const from = (...addresses: string[]): Asked[] => addresses.map((address) => ({ from: address }));

const cases: readonly Case[] = [
  {
    name: 'the address that a trusted proxy names',
    tried: '4 requests of one address, 1 of another',
    statuses: `${THREE} 429 200`,
    requests: () => from(...times(4, () => '203.0.113.1'), '203.0.113.2'),
  },
  {
    name: 'a chain of proxies',
    tried: '2 requests of an address by one trusted proxy, 2 of it by two',
    statuses: `${THREE} 429`,
    requests: () => from(...times(2, () => '203.0.113.3'), ...times(2, () => '203.0.113.3, 127.0.0.1')),
  },
  {
    name: 'addresses that a client puts before its own',
    tried: '6 requests of an address, each with another one before it',
    statuses: `${THREE} 429 429 429`,
    requests: () => from(...times(6, (i) => `198.51.100.${i}, 127.0.0.1, 203.0.113.4`)),
  },
  {
    name: 'what is no address',
    tried: '6 requests with another word each in the place of the address',
    statuses: `${THREE} 429 429 429`,
    meaning: 'they are one client',
    requests: () => from('x', 'unknown', '1.2.3.4.5', 'a'.repeat(500), '::x', '999.0.0.1'),
  },
  {
    name: 'ways to write an address',
    tried: 'one address with a port, mapped into IPv6, in brackets and plain',
    statuses: `${THREE} 429`,
    requests: () => from('203.0.113.5:4711', '::ffff:203.0.113.5', '[::ffff:203.0.113.5]:80', '203.0.113.5'),
  },
  {
    name: 'addresses of one IPv6 network',
    tried: '5 addresses of one /64, then 1 of the next',
    statuses: `${THREE} 429 429 200`,
    requests: () => from(...times(5, (i) => `2001:db8:1:2:${i}::${i + 1}`), '2001:db8:1:3::1'),
  },
  {
    name: 'users behind one address',
    tried: '3 requests of each of two users, and 4 of a visitor, from one address; then 1 of the first user from elsewhere',
    statuses: `${THREE} ${THREE} ${THREE} 429 429`,
    requests: async (ctx) => {
      const [user, hr] = [await ctx.tokenOf('USER'), await ctx.tokenOf('HR')];
      const address = '203.0.113.6';
      return [
        ...times(3, () => ({ token: user, from: address })),
        ...times(3, () => ({ token: hr, from: address })),
        ...times(4, () => ({ from: address })),
        { token: user, from: '203.0.113.7' },
      ];
    },
  },
  {
    name: 'tokens that are not valid',
    tried: '6 requests of an address, each with another false token',
    statuses: '401 401 401 429 429 429',
    meaning: 'they are one client',
    requests: () => times(6, (i) => ({ from: '203.0.113.8', token: `false.token.${i}` })),
  },
];

export const clients: readonly Check[] = cases.map(({ name, tried, statuses, meaning, requests }) => ({
  name: `clients: ${name}`,
  tried,
  expected: meaning === undefined ? statuses : `${meaning}: ${statuses}`,
  run: async (ctx) => {
    const happened = await statusesOf(ctx, await requests(ctx));
    return { happened, holds: happened === statuses };
  },
}));
