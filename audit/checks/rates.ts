// How often one client may ask, as shipped.

import type { Gateway } from '../../harness/gateway.ts';
import { verdictOf } from '../../harness/verdict.ts';
import { ask, tally, times, told } from '../ask.ts';
import type { Check, Settings } from '../check.ts';
import { type Answer, send } from '../client.ts';

const DEFAULTS: Settings = {};
const HOUR_SECONDS = 3600;
const bursts = new WeakMap<Gateway, Promise<Answer[]>>();

/** 200 requests at once, the first that the gateway gets. */
const burstOn = (gateway: Gateway) =>
  bursts.getOrInsertComputed(gateway, () => Promise.all(times(200, () => ask(gateway, { query: '{ __typename }' }))));

/** A gateway with which the client has used up its minute. */
async function usedUp(ctx: Parameters<Check['run']>[0]): Promise<Gateway> {
  const gateway = await ctx.gateway(DEFAULTS);
  await burstOn(gateway);
  return gateway;
}

/** What a refusal must carry, and what it has instead. */
function flawsOf({ headers, codes }: Answer): string[] {
  const expected: [string, RegExp][] = [
    ['retry-after', /^([1-9]|[1-5]\d|6[01])$/],
    ['ratelimit', /"minute";r=0;t=\d+, "hour";r=940;t=\d+/],
    ['ratelimit-policy', /"minute";q=60;w=60, "hour";q=1000;w=3600/],
    ['x-ratelimit-limit', /^60$/],
    ['x-ratelimit-remaining', /^0$/],
    ['x-ratelimit-reset', /^\d{10}$/],
  ];
  const flaws = expected.flatMap(([name, form]) => (form.test(headers[name] ?? '') ? [] : `${name} is ${headers[name] ?? 'not there'}`));
  return codes.join() === 'RATE_LIMITED' ? flaws : [...flaws, `the code is ${codes.join() || 'not there'}`];
}

export const rates: readonly Check[] = [
  {
    name: 'rates: requests of a minute',
    tried: '200 requests at once from one address',
    expected: '60 answered, 140 refused with 429',
    run: async (ctx) => {
      const answers = await burstOn(await ctx.gateway(DEFAULTS));
      const happened = tally(answers);
      return { happened, holds: happened === '60 × 200, 140 × 429 RATE_LIMITED' };
    },
  },
  {
    name: 'rates: what a refusal says',
    tried: 'one request more',
    expected: 'RATE_LIMITED with Retry-After, RateLimit, RateLimit-Policy and X-RateLimit-*',
    run: async (ctx) => {
      const answer = await ask(await usedUp(ctx), { query: '{ __typename }' });
      return verdictOf(flawsOf(answer), `${told(answer)}, Retry-After ${answer.headers['retry-after']}`);
    },
  },
  {
    name: 'rates: requests of an hour',
    tried: '10 requests where 5 an hour are allowed',
    expected: '5 answered, 5 refused for longer than a minute',
    run: async (ctx) => {
      const gateway = await ctx.gateway({ RATE_LIMIT_PER_HOUR: '5' });
      const answers = await Promise.all(times(10, () => ask(gateway, { query: '{ __typename }' })));
      const seconds = Math.max(...answers.map(({ headers }) => Number(headers['retry-after'] ?? 0)));
      const happened = tally(answers);
      return {
        happened: `${happened}, Retry-After ${seconds}`,
        holds: happened === '5 × 200, 5 × 429 RATE_LIMITED' && seconds > 61 && seconds <= HOUR_SECONDS * 1.01,
      };
    },
  },
  {
    name: 'rates: paths that are not counted',
    tried: 'GET /health and /metrics, when the minute is used up',
    expected: '200 for both',
    run: async (ctx) => {
      const gateway = await usedUp(ctx);
      const answers = await Promise.all(['/health', '/metrics'].map((target) => send(gateway, { method: 'GET', target })));
      return { happened: tally(answers), holds: answers.every(({ status }) => status === 200) };
    },
  },
  {
    name: 'rates: paths that only look like those',
    tried:
      'GET /healthx, //health, /health/, /x/health, /HEALTH, /health%3F, /metrics/ and //metrics, and POST of /health/live?x=/graphql and /metrics?/graphql, when the minute is used up',
    expected: '429 for each',
    run: async (ctx) => {
      const gateway = await usedUp(ctx);
      const targets = ['/healthx', '//health', '/health/', '/x/health', '/HEALTH', '/health%3F', '/metrics/', '//metrics'];
      const posted = ['/health/live?x=/graphql', '/metrics?/graphql'];
      const answers = await Promise.all([
        ...targets.map((target) => send(gateway, { method: 'GET', target })),
        ...posted.map((target) => send(gateway, { target, body: '{"query":"{ __typename }"}' })),
      ]);
      const counted = [...targets, ...posted].filter((_, i) => answers[i]?.status !== 429);
      return verdictOf(counted.length > 0 ? [`not refused: ${counted.join(', ')}`] : [], tally(answers));
    },
  },
  {
    name: 'rates: every method counts',
    tried: 'GET, OPTIONS, PUT and a POST without a body, when the minute is used up',
    expected: '429 for each',
    run: async (ctx) => {
      const gateway = await usedUp(ctx);
      const answers = await Promise.all(['GET', 'OPTIONS', 'PUT', 'POST'].map((method) => send(gateway, { method })));
      return { happened: tally(answers), holds: answers.every(({ status }) => status === 429) };
    },
  },
  {
    name: 'rates: an address that a client claims',
    tried: 'X-Forwarded-For, Forwarded, X-Real-IP, True-Client-IP and CF-Connecting-IP, where no proxy is trusted',
    expected: 'it is the same client: 429 for each',
    run: async (ctx) => {
      const gateway = await usedUp(ctx);
      const claims = { 'x-forwarded-for': '203.0.113.1', forwarded: 'for=203.0.113.2', 'x-real-ip': '203.0.113.3' };
      const others = { 'true-client-ip': '203.0.113.4', 'cf-connecting-ip': '203.0.113.5' };
      const answers = await Promise.all(
        Object.entries({ ...claims, ...others }).map(([name, value]) =>
          ask(gateway, { query: '{ __typename }', headers: { [name]: value } }),
        ),
      );
      return { happened: tally(answers), holds: answers.every(({ status }) => status === 429) };
    },
  },
];
