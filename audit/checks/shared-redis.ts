// Gateways that share a Redis: limits hold over all of them, and nobody notices when it goes. Not tried where there is no redis-server.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { ask, at, tally, times, told } from '../ask.ts';
import { type AuditContext, type Check, type Settings, type Verdict, verdictOf } from '../check.ts';
import { type Answer, send } from '../client.ts';
import type { Gateway } from '../gateway.ts';

const TYPENAME = { query: '{ __typename }' };

async function startRedis() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  const server = spawn('redis-server', ['--save', '', '--port', String(port), '--bind', '127.0.0.1'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const kill = () => void server.kill('SIGKILL');
  process.once('exit', kill);
  server.once('close', () => process.off('exit', kill));
  for await (const line of server.stdout) if (String(line).includes('Ready to accept connections')) break;
  server.stdout.resume();
  return { url: `redis://127.0.0.1:${port}`, kill };
}

/** Two gateways on one database, and the Redis that they share. */
async function withTwo(ctx: AuditContext, settings: Settings, work: (two: [Gateway, Gateway], kill: () => void) => Promise<Verdict>) {
  if (spawnSync('redis-server', ['--version']).status !== 0) return { holds: true, happened: 'not tried: there is no redis-server here' };
  const redis = await startRedis();
  try {
    const databaseUrl = await ctx.createDatabase();
    const all = { ...settings, REDIS_ENABLED: 'true', REDIS_URL: redis.url };
    const one = await ctx.gateway(all, { databaseUrl });
    return await work([one, await ctx.gateway(all, { databaseUrl: `${databaseUrl}?connection_limit=8` })], redis.kill);
  } finally {
    redis.kill();
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
    kill();
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
