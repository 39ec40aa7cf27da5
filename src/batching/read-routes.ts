import { Batcher, type BatcherOptions } from './batcher.ts';
import type { Database } from './database.ts';

/** A server that requests may read instead of the primary. */
export type Reader = {
  database: Database;
  /** How many statements may be under way at once. */
  maxReads: number;
  /** Changes when whoever reads here may have read newer data elsewhere. */
  readonly epoch: number;
};

/** A replica that falls silent is noticed after a second. Whoever waits for its turn there has a second more: nobody has been too busy for it. */
const MAX_WAIT_MS = 3000;

/** Finds the batcher of a wave: see RequestLoaders.follow. */
export type Route = () => Batcher;

/**
 * Routes for requests over a primary and its replicas, each with a batcher of its own: a statement that requests share goes to one server.
 * A request stays where its first wave has read. When that server has left, or somebody else has run a statement in its place, it goes
 * on at the primary, and so never sees older data than it has seen. `pick` chooses at the first wave; undefined is the primary.
 */
export function createReadRoutes<R extends Reader>(primary: Batcher, replicas: readonly R[], options: BatcherOptions) {
  const batchers = new Map(
    replicas.map((replica) => [
      replica,
      new Batcher(replica.database, { maxWaitMs: MAX_WAIT_MS, ...options, maxConcurrent: replica.maxReads }),
    ]),
  );

  return (pick: () => R | undefined): Route => {
    let bound: { replica: R; epoch: number } | undefined;
    let isBound = false;
    return () => {
      if (!isBound) {
        isBound = true;
        const replica = pick();
        bound = replica && { replica, epoch: replica.epoch };
      } else if (bound?.replica.epoch !== bound?.epoch) bound = undefined;
      return (bound && batchers.get(bound.replica)) ?? primary;
    };
  };
}
