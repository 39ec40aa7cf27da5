import type { Log } from '../log.ts';
import { createFallbackStore } from '../rate-limit/fallback-store.ts';
import { createMemoryStore } from '../rate-limit/memory-store.ts';
import { createRedisStore } from '../rate-limit/redis-store.ts';
import type { RateLimitStore } from '../rate-limit/store.ts';
import { openRedisCommands } from './redis-commands.ts';

type Options = {
  /** Where gateways share one Redis; undefined counts in memory. */
  redisUrl: string | undefined;
  /** Counts for the processes of this machine, where no Redis counts for all machines; undefined for this process alone. */
  siblings?: RateLimitStore;
  /** What all keys in Redis begin with. Default `convoy:rate:`. */
  prefix?: string;
  /** Called with true when this process begins to count by itself, and with false when Redis counts again. */
  onFallback?: (isFallback: boolean) => void;
};

/** Every request waits for this answer: where Redis is slower, this process counts by itself. */
const COMMAND_TIMEOUT_MS = 100;

/** Opens the store that limits of rate count in. Throws StartError where Redis does not answer; when it ceases to later, calls go on in memory. */
export async function openRateLimitStore({ redisUrl, siblings, prefix = 'convoy:rate:', onFallback }: Options, log: Log) {
  const memory = createMemoryStore();
  if (redisUrl === undefined) {
    const store = siblings ? createFallbackStore(siblings, memory, { log, onChange: onFallback }) : memory;
    return { store, close: async () => undefined };
  }
  const redis = await openRedisCommands(redisUrl, { commandTimeoutMs: COMMAND_TIMEOUT_MS });
  // A Redis that is full, or a replica, answers what is read and counts nothing.
  const probe = () => redis.set(`${prefix}probe`, 1, 'PX', 1000);
  return {
    store: createFallbackStore(createRedisStore(redis, { prefix }), memory, { log, onChange: onFallback, probe }),
    close: async () => redis.disconnect(),
  };
}
