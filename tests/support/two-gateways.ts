// Two processes of the gateway over one database and one Redis, as they stand behind nginx.

import { startRedis } from '../../harness/redis.ts';
import { demoId } from '../../prisma/seed/demo.ts';
import type { Role } from '../../src/generated/prisma/enums.ts';
import { freePort } from '../../src/resources/free-port.ts';
import { createTokens } from '../../src/tokens.ts';
import { createDatabase, SEEDED_SCALE } from './database.ts';
import { SECRET_KEY, startGateway } from './gateway.ts';
import { hasRedis } from './redis-server.ts';

/** Starts them; without a redis-server on the machine, each is alone with its limits and events. */
export async function startTwoGateways(settings: Record<string, string> = {}) {
  const [database, redis] = await Promise.all([createDatabase({ seedScale: SEEDED_SCALE }), hasRedis ? startRedis() : undefined]);
  const ports = [await freePort(), await freePort()] as const;
  const databaseUrl = new URL(database.url);
  databaseUrl.searchParams.set('pool_timeout', '20');
  const start = (port: number) =>
    startGateway({
      DATABASE_URL: databaseUrl.href,
      DATABASE_CONNECTIONS: '60',
      SECRET_KEY,
      PORT: String(port),
      MAX_WORKERS: '1',
      TRUSTED_PROXIES: 'loopback',
      // A machine with much to do must not be taken for a gateway that fails.
      MAX_EVENT_LOOP_DELAY_MS: '10000',
      REQUEST_DEADLINE_MS: '25000',
      LOG_LEVEL: 'warn',
      ...(redis && { REDIS_ENABLED: 'true', REDIS_URL: redis.url }),
      ...settings,
    });
  const running = ports.map(start) as [ReturnType<typeof start>, ReturnType<typeof start>];
  const tokens = createTokens({ secretKeys: [SECRET_KEY], ttlSeconds: 3600 });
  const close = async () => {
    await Promise.all(running.map(({ stop }) => stop('SIGKILL')));
    await redis?.close();
    await database.drop();
  };
  await Promise.all(running.map(({ ready }) => ready)).catch(async (error) => {
    await close();
    throw error;
  });
  return {
    databaseUrl: database.url,
    addresses: ports.map((port) => `127.0.0.1:${port}`) as [string, string],
    /** The process of each that was started last. */
    running,
    /** Starts one of them again on its port. */
    restart: async (which: 0 | 1) => {
      running[which] = start(ports[which]);
      await running[which].ready;
    },
    headerOf: async (role: Role) => ({ authorization: `Bearer ${(await tokens.sign(demoId(role))).token}` }),
    close,
  };
}
