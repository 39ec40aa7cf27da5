// Keeps workers running: starts them, replaces those that end, renews them one after the other, and stops them.

import { setTimeout as wait } from 'node:timers/promises';
import type { Log } from '../log.ts';

const [FIRST_PAUSE_MS, LAST_PAUSE_MS] = [100, 10_000];
/** A worker that has lived so long was well: the next one that ends is replaced at once. */
const WELL_MS = 30_000;

/** A worker process. */
export type Member = {
  /** Resolves when it can take requests. Rejects with what it says where it cannot. */
  ready: Promise<void>;
  /** Resolves when it has ended: to how. */
  ended: Promise<string>;
  /** Lets it finish and end. */
  drain(options: { isHurried: boolean }): void;
  kill(): void;
};

export type FleetOptions = {
  /** Workers that shall run. */
  size: number;
  /** Starts one in a slot, of which there is one more than workers: two that run at once never have the same. */
  start: (slot: number) => Member;
  /** Called when a worker has ended. Its slot is used again when this has resolved. */
  onEnd: (slot: number) => Promise<void>;
  /** How long a worker may take to drain until it is killed, in milliseconds. */
  drainMs: number;
  log: Log;
};

export type Fleet = {
  /** Replaces each worker by a new one, one after the other: the new one is ready before the old one drains. Where one does not start, the rest stay. */
  roll(): Promise<void>;
  stop(options: { isHurried: boolean }): Promise<void>;
  /** Workers that can take requests now. */
  readonly running: number;
  /** How many have ended that should not have. */
  readonly losses: number;
};

/** Starts the workers. Rejects with what one of them says that does not start, when all have ended. */
export async function startFleet({ size, start, onEnd, drainMs, log }: FleetOptions): Promise<Fleet> {
  const free = Array.from({ length: size + 1 }, (_, slot) => slot);
  const asking: ((slot: number) => void)[] = [];
  const alive = new Set<Member>();
  const ready = new Set<Member>();
  const stopping = new AbortController();
  let failures = 0;
  let losses = 0;
  let rolling: Promise<void> = Promise.resolve();

  const takeSlot = (): Promise<number> => {
    const slot = free.shift();
    return slot === undefined ? new Promise((resolve) => asking.push(resolve)) : Promise.resolve(slot);
  };
  const giveBack = (slot: number) => {
    const next = asking.shift();
    if (next) next(slot);
    else free.push(slot);
  };

  /** Starts one, and resolves when it is ready. One that ends later without having been told to is replaced. */
  async function launch(): Promise<Member> {
    const slot = await takeSlot();
    if (stopping.signal.aborted) {
      giveBack(slot);
      throw new Error('The gateway stops.');
    }
    const member = start(slot);
    const startedAt = performance.now();
    alive.add(member);
    const over = member.ended.then(async (how) => {
      const wasReady = ready.delete(member);
      alive.delete(member);
      await onEnd(slot).catch((error) => log.error({ err: error, slot }, 'what a worker has left behind could not be cleaned up'));
      giveBack(slot);
      return { how, wasReady };
    });
    try {
      await member.ready;
    } catch (error) {
      member.kill();
      await over;
      throw error;
    }
    ready.add(member);
    void over.then(({ how, wasReady }) => {
      if (!wasReady || stopping.signal.aborted) return;
      losses++;
      if (performance.now() - startedAt > WELL_MS) failures = 0;
      log.error({ slot, how }, 'a worker has ended: another one takes its place');
      void replace();
    });
    return member;
  }

  async function replace(): Promise<void> {
    while (!stopping.signal.aborted) {
      // The first that ends is replaced at once.
      const pauseMs = failures === 0 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LAST_PAUSE_MS);
      failures++;
      await wait(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      try {
        await launch();
        return;
      } catch (error) {
        if (!stopping.signal.aborted) log.error({ reason: (error as Error).message }, 'a worker does not start');
      }
    }
  }

  /** Tells a worker to go, and resolves when it has. */
  async function retire(member: Member, isHurried: boolean): Promise<void> {
    ready.delete(member);
    member.drain({ isHurried });
    const timer = setTimeout(() => {
      log.warn('a worker does not come to an end: it is killed');
      member.kill();
    }, drainMs);
    await member.ended;
    clearTimeout(timer);
  }

  async function renewAll(): Promise<void> {
    for (const old of [...ready]) {
      if (stopping.signal.aborted) return;
      try {
        await launch();
      } catch (error) {
        if (stopping.signal.aborted) return;
        log.error({ reason: (error as Error).message }, 'a new worker does not start: the others stay as they are');
        return;
      }
      if (ready.has(old)) await retire(old, false);
    }
    log.info('all workers are new');
  }

  async function stop(isHurried: boolean): Promise<void> {
    stopping.abort();
    await Promise.all(Array.from(alive, (member) => retire(member, isHurried)));
  }

  const outcomes = await Promise.allSettled(Array.from({ length: size }, launch));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) {
    await stop(true);
    throw failed.reason;
  }

  return {
    roll: () => (rolling = rolling.then(renewAll)),
    stop: ({ isHurried }) => stop(isHurried),
    get running() {
      return ready.size;
    },
    get losses() {
      return losses;
    },
  };
}
