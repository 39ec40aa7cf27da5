import { createRedisEventTarget } from '@graphql-yoga/redis-event-target';
import { createPubSub } from 'graphql-yoga';
import { Redis } from 'ioredis';
import { StartError } from '../errors.ts';
import type { Log } from '../log.ts';

/** Messages between requests, by topic. A payload is JSON, because it may travel through Redis. */
export type Topics = Record<string, [payload: Record<string, number | string | null>]>;

/** Messages between requests: within this process, or through Redis for all gateways that share one. Throws StartError when Redis does not answer. */
export async function openPubSub(redisUrl: string | undefined, log: Log) {
  if (redisUrl === undefined) return { pubSub: createPubSub<Topics>(), close: async () => undefined };
  const [publishClient, subscribeClient] = [open(redisUrl, log), open(redisUrl, log)];
  try {
    await Promise.all([publishClient.connect(), subscribeClient.connect()]);
  } catch (error) {
    publishClient.disconnect();
    subscribeClient.disconnect();
    throw new StartError(`Redis does not answer (${(error as Error).message}). Start it, check REDIS_URL, or set REDIS_ENABLED=false.`);
  }
  const close = async () => void (await Promise.allSettled([publishClient.quit(), subscribeClient.quit()]));
  return { pubSub: createPubSub<Topics>({ eventTarget: createRedisEventTarget({ publishClient, subscribeClient }) }), close };
}

function open(redisUrl: string, log: Log): Redis {
  const client = new Redis(redisUrl, { lazyConnect: true, maxRetriesPerRequest: 1, connectTimeout: 3000 });
  client.on('error', (error) => log.warn({ err: error }, 'Redis does not answer'));
  return client;
}
