import type { Scenario } from './scenario.ts';
import { clock } from './scenarios/clock.ts';
import { disk } from './scenarios/disk.ts';
import { overload } from './scenarios/overload.ts';
import { postgres } from './scenarios/postgres.ts';
import { primary } from './scenarios/primary.ts';
import { redis } from './scenarios/redis.ts';
import { replicas } from './scenarios/replicas.ts';
import { sockets } from './scenarios/sockets.ts';
import { workers } from './scenarios/workers.ts';

/** All scenarios, in the order in which they run. */
export const scenarios: readonly Scenario[] = [
  ...workers,
  ...primary,
  ...postgres,
  ...replicas,
  ...overload,
  ...redis,
  ...sockets,
  ...disk,
  ...clock,
];
