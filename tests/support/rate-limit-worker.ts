// Makes the calls that it is told to, in the Redis that its argument names or else in the store of its parent, all at once.

import { Redis } from 'ioredis';
import { createRedisStore } from '../../src/rate-limit/redis-store.ts';
import { createParentStore } from '../../src/rate-limit/shared-store.ts';
import type { Window } from '../../src/rate-limit/store.ts';

export type Work = { calls: number; key: string; windows: Window[] };

const [, , redisUrl] = process.argv;
const store = redisUrl ? createRedisStore(new Redis(redisUrl), { prefix: 'processes:' }) : createParentStore();

process.on('message', async (work: Partial<Work>) => {
  if (work.calls === undefined || work.key === undefined || work.windows === undefined) return;
  const { calls, key, windows } = work as Work;
  const verdicts = await Promise.all(Array.from({ length: calls }, () => store.take(key, windows, 1)));
  process.send?.({ admitted: verdicts.filter(({ isAllowed }) => isAllowed).length });
});
process.send?.({ isReady: true });
