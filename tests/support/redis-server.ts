import { Redis } from 'ioredis';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { hasRedis as isInstalled, startRedis } from '../../harness/redis.ts';

/** Whether tests that need a real Redis can run on this machine. */
export const hasRedis = isInstalled();

/** A Redis that the test may kill, start again on the same port, and hold. */
export async function anOwnRedis() {
  const redis = await startRedis();
  onTestFinished(redis.close);
  return redis;
}

/** For the top of a file: one Redis for its tests, which ask for connections to it. */
export function connectingToOneRedis() {
  let server: Awaited<ReturnType<typeof startRedis>> | undefined;
  beforeAll(async () => {
    if (hasRedis) server = await startRedis();
  });
  afterAll(() => server?.close());

  return function aRedis({ commandTimeout = 5000 } = {}) {
    const redis = new Redis(server?.url ?? '', { commandTimeout });
    onTestFinished(() => redis.disconnect());
    return redis;
  };
}
