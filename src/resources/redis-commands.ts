import { Redis } from 'ioredis';
import { StartError } from '../errors.ts';

type Options = {
  /** How long a command may take: requests wait for it, and have another way when it fails. In milliseconds. */
  commandTimeoutMs: number;
  /** Called each time that the connection fails or cannot be had again. Commands fail with the same error. */
  onError?: (error: Error) => void;
};

/** How long the connection may take to come back after Redis did. */
const MAX_RECONNECT_MS = 1000;

/** Opens a connection for commands that nobody waits for while Redis is away: they fail at once. Throws StartError where it does not answer. */
export async function openRedisCommands(redisUrl: string, { commandTimeoutMs, onError = () => undefined }: Options): Promise<Redis> {
  const redis = new Redis(redisUrl, {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    connectTimeout: 3000,
    commandTimeout: commandTimeoutMs,
    retryStrategy: (times) => Math.min(50 * times, MAX_RECONNECT_MS),
  });
  redis.on('error', onError);
  await redis.connect().catch((error) => {
    redis.disconnect();
    throw new StartError(`Redis does not answer (${error.message}). Start it, check REDIS_URL, or set REDIS_ENABLED=false.`);
  });
  return redis;
}
