// Gateways that share a Redis: limits hold over all of them, and nobody notices when it goes. Not tried where there is no redis-server.

import type { Gateway } from '../../harness/gateway.ts';
import { hasRedis, startRedis } from '../../harness/redis.ts';
import { type Verdict, verdictOf } from '../../harness/verdict.ts';
import { ask, at, tally, times, told } from '../ask.ts';
import type { AuditContext, Check, Settings } from '../check.ts';
import { type Answer, send } from '../client.ts';

const TYPENAME = { query: '{ __typename }' };

/** Two gateways on one database, and the Redis that they share. */
async function withTwo(
  ctx: AuditContext,
  settings: Settings,
  work: (two: [Gateway, Gateway], kill: () => Promise<void>) => Promise<Verdict>,
) {
  if (!hasRedis()) return { holds: true, isSkipped: true, happened: 'there is no redis-server here' };
  const redis = await startRedis();
  try {
    const databaseUrl = await ctx.createDatabase();
    const all = { ...settings, REDIS_ENABLED: 'true', REDIS_URL: redis.url };
    const one = await ctx.gateway(all, { databaseUrl });
    return await work([one, await ctx.gateway(all, { databaseUrl: `${databaseUrl}?connection_limit=8` })], redis.kill);
  } finally {
    await redis.close();
  }
}

const share = (ctx: AuditContext) =>
  withTwo(ctx, {}, async (two) => {
    const answers = await Promise.all(times(200, (i) => ask(two[i % 2] as Gateway, TYPENAME)));
    const happened = tally(answers.map(told).sort());
    return { happened, holds: happened === '60 × 200, 140 × 429 RATE_LIMITED' };
  });

const WIDE: Settings = { RATE_LIMIT_PER_MINUTE: '100000', RATE_LIMIT_PER_HOUR: '100000', COST_PER_MINUTE: '1000000' };

const lose = (ctx: AuditContext) =>
  withTwo(ctx, WIDE, async (two, kill) => {
    const answers: Answer[] = [];
    /** Queries that are kept and such that are not, one after the other, so many at a time. */
    const askAll = (count: number) =>
      Promise.all(
        times(10, async (worker) => {
          for (let i = 0; i < count / 10; i++) {
            const query = i % 2 ? '{ spas(first: 2) { nodes { id } } }' : `{ spas(first: ${1 + ((worker + i) % 40)}) { nodes { id } } }`;
            answers.push(await ask(two[(worker + i) % 2] as Gateway, { query }));
          }
        }),
      );
    await askAll(100);
    const under = askAll(200);
    await kill();
    await under;
    await askAll(100);
    const metrics = await Promise.all(two.map((gateway) => send(gateway, { method: 'GET', target: '/metrics' })));
    const health = await Promise.all(two.map((gateway) => send(gateway, { method: 'GET', target: '/health' })));
    const failed = answers.filter(({ status, json }) => status !== 200 || !at(json, 'data.spas.nodes.0.id'));
    const slowest = Math.max(...answers.map(({ ms }) => ms));
    const problems = [
      ...failed.map((answer) => `one gets ${told(answer)}`),
      ...(slowest < 2000 ? [] : [`one takes ${slowest} ms`]),
      ...(answers.every(({ headers }) => headers.ratelimit) ? [] : ['an answer does not say where its client stands']),
      ...(metrics.every(({ body }) => /^convoy_rate_limit_fallback(?:\{.*?\})? 1$/m.test(body))
        ? []
        : ['convoy_rate_limit_fallback does not tell']),
      ...(health.every(({ status }) => status === 200) ? [] : [`/health is ${tally(health)}`]),
    ];
    return verdictOf(problems, `${tally(answers)}, the slowest after ${slowest} ms; each gateway counts by itself`);
  });

export const sharedRedis: readonly Check[] = [
  {
    name: 'redis: requests over two gateways',
    tried: '200 requests at once from one address, half of them to each of two gateways that share a Redis',
    expected: '60 answered, 140 refused with 429, by both together',
    run: share,
  },
  {
    name: 'redis: it is killed',
    tried: '400 queries to two gateways that share a Redis, which is killed among them',
    expected: 'all are answered within two seconds, and each gateway says that it counts by itself',
    run: lose,
  },
];
