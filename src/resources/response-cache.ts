import type { Log } from '../log.ts';
import { createMemoryStore, type MemoryStore } from '../response-cache/memory-store.ts';
import { createRedisStore } from '../response-cache/redis-store.ts';
import { createResponseCache } from '../response-cache/response-cache.ts';
import { openChanges } from './changes.ts';
import { openRedisCommands } from './redis-commands.ts';

type Options = {
  databaseUrl: string;
  /** Where gateways share one Redis; undefined keeps answers in memory. */
  redisUrl: string | undefined;
  /** Names what makes answers: gateways that would answer otherwise share none. */
  version: string;
  /** What the connection that listens to changes is called, with ` changes` behind it. Default `convoy`. */
  applicationName?: string;
  /** What answers in memory may take, in bytes. */
  maxBytes: number;
  /** Told of each announcement of changes, and of each gap in which some may have been missed. */
  onInvalidation?: () => void;
};

/** A slower answer of Redis is no help: the database is as fast. */
const COMMAND_TIMEOUT_MS = 250;

/** Opens the cache of answers that visitors share, and what tells it of changes. Throws StartError where a server does not answer. */
export async function openResponseCache({ databaseUrl, redisUrl, version, maxBytes, applicationName, onInvalidation }: Options, log: Log) {
  const { changes, close: closeChanges } = await openChanges(databaseUrl, log, { applicationName });
  const redis =
    redisUrl === undefined
      ? undefined
      : await openRedisCommands(redisUrl, {
          commandTimeoutMs: COMMAND_TIMEOUT_MS,
          onError: (error) => log.warn({ err: error }, 'Redis does not answer the response cache'),
        }).catch(async (error) => {
          await closeChanges();
          throw error;
        });
  const { store, size } = redis
    ? { store: createRedisStore(redis, { prefix: `convoy:${version}:` }), size: undefined }
    : inMemory(createMemoryStore({ maxBytes }));
  const responses = createResponseCache(store, changes, log);
  if (onInvalidation) changes.subscribe({ onChange: onInvalidation, onGap: onInvalidation });
  const doubt = () => responses.doubt(new Error('The connection to Redis was closed.'));
  redis?.on('close', doubt);
  return {
    responses,
    /** How much is kept in the memory of this process; undefined where it is kept in Redis. */
    size,
    /** Resolves when changes that were committed before have reached the store. */
    barrier: async () => {
      await changes.barrier();
      await responses.settled();
    },
    close: async () => {
      await closeChanges();
      redis?.off('close', doubt);
      redis?.disconnect();
    },
  };
}

const inMemory = (store: MemoryStore) => ({ store, size: store.size });
