import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { hasRedis, startRedis } from '../../harness/redis.ts';
import type { ChaosContext, Scenario } from '../scenario.ts';
import { aFault } from '../under-load.ts';

const HELD_MS = 5000;
/** Limits that are counted, and that nobody meets. What fields allow is in the schema: it is counted, and clients are let through. */
const WIDE = {
  RATE_LIMIT_ENABLED: 'true',
  RATE_LIMIT_PER_MINUTE: '100000',
  RATE_LIMIT_PER_HOUR: '100000',
  COST_PER_MINUTE: '1000000',
  LIMIT_MODES: 'enforce,fields:watch',
};
/** Two gateways that share a Redis, one worker each. */
async function twoGateways(ctx: ChaosContext) {
  const redis = await startRedis();
  ctx.defer(redis.close);
  const all = { ...WIDE, REDIS_ENABLED: 'true', REDIS_URL: redis.url, MAX_WORKERS: '1' };
  // Two that differ, or they were one.
  const gateways = await Promise.all(['40', '41'].map((connections) => ctx.gateway({ ...all, DATABASE_CONNECTIONS: connections })));
  return { redis, ports: gateways.map(({ port }) => port), rows: ctx.database.rows };
}

type Servant = Awaited<ReturnType<typeof startRedis>>;

const ofRedis = (name: string, tried: string, work: (redis: Servant) => Promise<unknown>) =>
  aFault({
    name: `redis: ${name}`,
    tried: `${tried}, shared by two gateways`,
    obstacle: () => (hasRedis() ? undefined : 'there is no redis-server on this machine'),
    must: {},
    prepare: async (ctx) => {
      const { redis, ...place } = await twoGateways(ctx);
      return {
        ...place,
        fault: async () => {
          await work(redis);
          return undefined;
        },
      };
    },
  });

export const redis: readonly Scenario[] = [
  ofRedis('it is killed', 'kill -9 of the Redis', (server) => server.kill()),
  ofRedis('it hangs', `SIGSTOP of the Redis for ${HELD_MS / 1000} s`, async (server) => {
    server.hold();
    await wait(HELD_MS);
    server.goOn();
  }),
  ofRedis('it is emptied', 'FLUSHALL in the Redis', async (server) => {
    const client = new Redis(server.url);
    await client.flushall();
    client.disconnect();
  }),
  ofRedis('it comes back empty', 'kill -9 of the Redis, and a start 2 s later without what it held', async (server) => {
    await server.kill();
    await wait(2000);
    await server.start();
  }),
];
