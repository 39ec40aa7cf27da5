// Headers that tell browsers what an answer may not be used for.

import { verdictOf } from '../../harness/verdict.ts';
import { ask } from '../ask.ts';
import { type AuditContext, type Check, OPEN, type Settings } from '../check.ts';
import { type Answer, send } from '../client.ts';
import { SHOWN } from './shape.ts';

const ONE: Settings = { RATE_LIMIT_PER_MINUTE: '0', TRUSTED_PROXIES: 'loopback' };
const PAGE = { method: 'GET', headers: { accept: 'text/html' } } as const;
const BAD = { query: '{ nothing }' };

/** Answers of every kind, each with the status that it should have. */
const kinds: Record<string, (ctx: AuditContext) => Promise<Answer>> = {
  200: async (ctx) => ask(await ctx.gateway(OPEN), { query: '{ __typename }' }),
  'a kept 200': async (ctx) => {
    const gateway = await ctx.gateway(OPEN);
    for (let i = 0; i < 2; i++) await ask(gateway, { query: '{ spas(first: 2) { nodes { id } } }' });
    return await ask(gateway, { query: '{ spas(first: 2) { nodes { id } } }' });
  },
  400: async (ctx) => ask(await ctx.gateway(OPEN), BAD),
  401: async (ctx) => ask(await ctx.gateway(OPEN), { query: '{ viewer { id } }', token: 'false' }),
  403: async (ctx) => send(await ctx.gateway(OPEN), { headers: { 'content-type': 'text/plain' }, body: '{}' }),
  404: async (ctx) => send(await ctx.gateway(OPEN), { method: 'GET', target: '/nothing' }),
  405: async (ctx) => send(await ctx.gateway(OPEN), { method: 'DELETE' }),
  413: async (ctx) => send(await ctx.gateway(OPEN), { body: ' '.repeat(1_000_001) }),
  415: async (ctx) => send(await ctx.gateway(OPEN), { body: '{}', headers: { 'content-encoding': 'lz4' } }),
  429: async (ctx) => ask(await ctx.gateway(ONE), { query: '{ __typename }' }),
  '/health': async (ctx) => send(await ctx.gateway(OPEN), { method: 'GET', target: '/health' }),
  'the page': async (ctx) => send(await ctx.gateway(SHOWN), PAGE),
};

const POLICY = /default-src 'none'.*frame-ancestors 'none'/;
const needed: Record<string, RegExp> = {
  'x-content-type-options': /^nosniff$/,
  'x-frame-options': /^DENY$/,
  'referrer-policy': /^no-referrer$/,
  'cross-origin-opener-policy': /^same-origin$/,
  'content-security-policy': POLICY,
};

const flawsOf = (kind: string, { status, headers }: Answer): string[] => [
  ...(/^\d+$/.test(kind) && status !== Number(kind) ? [`${kind} is ${status}`] : []),
  ...Object.entries(needed).flatMap(([name, form]) =>
    form.test(headers[name] ?? '') ? [] : `${kind}: ${name} is ${headers[name] ?? 'not there'}`,
  ),
  ...('x-powered-by' in headers || 'server' in headers ? [`${kind}: it names its software`] : []),
];

export const securityHeaders: readonly Check[] = [
  ...Object.entries(kinds).map(
    ([kind, get]): Check => ({
      name: `headers: ${kind}`,
      tried: `an answer of this kind: ${kind}`,
      expected: `${Object.keys(needed).join(', ')}, and no name of a software`,
      run: async (ctx) => verdictOf(flawsOf(kind, await get(ctx)), 'all there'),
    }),
  ),
  {
    name: 'headers: Strict-Transport-Security',
    tried: 'X-Forwarded-Proto: https from a proxy that is trusted, and from somebody who is not',
    expected: 'it is set for the first alone',
    run: async (ctx) => {
      const asked = { query: '{ __typename }', headers: { 'x-forwarded-proto': 'https' } };
      const [trusted, other] = [await ask(await ctx.gateway(ONE), asked), await ask(await ctx.gateway(OPEN), asked)];
      const [first, second] = [trusted, other].map(({ headers }) => headers['strict-transport-security'] ?? 'none');
      return { happened: `${first}; ${second}`, holds: /^max-age=\d{7,}/.test(first ?? '') && second === 'none' };
    },
  },
  {
    name: "headers: the page's policy",
    tried: 'the playground, twice',
    expected: 'scripts run by a nonce that is another one each time; no unsafe-inline and no unsafe-eval for them, and none from elsewhere',
    run: async (ctx) => {
      const gateway = await ctx.gateway(SHOWN);
      const pages = [await send(gateway, PAGE), await send(gateway, PAGE)];
      const policies = pages.map(({ headers }) => /script-src ([^;]*)/.exec(headers['content-security-policy'] ?? '')?.[1] ?? 'none');
      const isStrict = policies.every((policy) => /^'self' 'nonce-[\w+/=]{16,}'$/.test(policy));
      const hasOwnScripts = pages.every(
        ({ body }) => !/<script(?![^>]*(nonce=|src="\/))/.test(body) && !/\son\w+=/.test(body.replace(/<script[\s\S]*/, '')),
      );
      return { happened: policies.join('; '), holds: isStrict && policies[0] !== policies[1] && hasOwnScripts };
    },
  },
];
