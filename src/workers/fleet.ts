// Keeps workers running: starts them, replaces those that end, renews them one after the other, and stops them.

import { setTimeout as wait } from 'node:timers/promises';
import { setTimeoutAfterPoll } from '../gateway/timeout-after-poll.ts';
import type { Log } from '../log.ts';

const [FIRST_PAUSE_MS, LAST_PAUSE_MS] = [100, 10_000];
/** A worker that has lived so long was well: the next one that ends is replaced at once. */
const WELL_MS = 30_000;

/** How a worker ends that has done as it was told. */
export const WELL_ENDED = 'exit code 0';

/** How a worker is told to go. */
export type Farewell = {
  /** Connections without a request are closed at once. */
  isHurried: boolean;
  /** Another one has taken its place: the gateway goes on. */
  isReplaced: boolean;
};

/** A worker process. */
export type Member = {
  /** Resolves when it can take requests. Rejects with what it says where it cannot. */
  ready: Promise<void>;
  /** Resolves when it has ended: to how, as `exit code 1` or `SIGKILL`. */
  ended: Promise<string>;
  /** Lets it finish and end. */
  drain(how: Farewell): void;
  kill(): void;
  /** When it has ended: resolves when nothing of it is left. Never rejects. */
  cleanUp(): Promise<void>;
};

export type FleetOptions = {
  /** Workers that shall run. */
  size: number;
  /** Starts one, or throws, in a slot, of which there is one more than workers: two that run at once never have the same, nor what is left of one. */
  start: (slot: number) => Member;
  /** Each takes a slot until it resolves: what a former start has left. */
  leftovers: readonly Promise<void>[];
  /** How long a worker may take to drain until it is killed, in milliseconds. */
  drainMs: number;
  log: Log;
};

export type Fleet = {
  /**
   * Replaces each worker by a new one, one after the other: the new one is ready before the old one drains. Where one does not start, the
   * rest stay. A call while workers are renewed renews them once more, however many such calls there are.
   */
  roll(): Promise<void>;
  stop(options: { isHurried: boolean }): Promise<void>;
  /** Workers that can take requests now. */
  readonly running: number;
  /** How many have ended that should not have. */
  readonly losses: number;
};

/**
 * Starts the workers, and resolves when as many are ready as there were slots for; at least one. Rejects with what one of them says that does
 * not start, when all have ended.
 */
export async function startFleet({ size, start, leftovers, drainMs, log }: FleetOptions): Promise<Fleet> {
  const slots = size + 1;
  const free = Array.from({ length: slots }, (_, slot) => slot).slice(leftovers.length);
  const asking: ((slot: number) => void)[] = [];
  /** With what resolves when they have ended and nothing of them is left. */
  const alive = new Map<Member, Promise<void>>();
  const ready = new Set<Member>();
  const leaving = new WeakSet<Member>();
  const stopping = new AbortController();
  /** Workers that were not told to go, and those that are about to be started. */
  let staying = 0;
  let failures = 0;
  let losses = 0;
  let rolling: Promise<void> = Promise.resolve();
  let rollsNext: Promise<void> | undefined;

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
  async function launch(): Promise<void> {
    staying++;
    try {
      await startOne();
    } catch (error) {
      staying--;
      throw error;
    }
  }

  async function startOne(): Promise<void> {
    const slot = await takeSlot();
    if (stopping.signal.aborted) {
      giveBack(slot);
      throw new Error('The gateway stops.');
    }
    let member: Member;
    try {
      member = start(slot);
    } catch (error) {
      giveBack(slot);
      throw error;
    }
    const startedAt = performance.now();
    const over = member.ended.then(async (how) => {
      ready.delete(member);
      alive.delete(member);
      // What ended well has closed all that it had; to see it gone matters to the next one in the slot alone.
      if (how !== WELL_ENDED || !stopping.signal.aborted) await member.cleanUp();
      giveBack(slot);
    });
    alive.set(member, over);
    try {
      await member.ready;
    } catch (error) {
      member.kill();
      await over;
      throw error;
    }
    if (alive.has(member) && !leaving.has(member)) ready.add(member);
    void member.ended.then((how) => {
      if (leaving.has(member) || stopping.signal.aborted) return;
      staying--;
      losses++;
      if (performance.now() - startedAt > WELL_MS) failures = 0;
      log.error({ slot, how }, 'a worker has ended: another one takes its place');
      fill();
    });
  }

  /** Starts those that lack. */
  function fill(): void {
    while (staying < size && !stopping.signal.aborted) void replace();
  }

  async function replace(): Promise<void> {
    staying++;
    while (!stopping.signal.aborted) {
      // The first that ends is replaced at once.
      const pauseMs = failures === 0 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LAST_PAUSE_MS);
      failures++;
      await wait(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      try {
        return await startOne();
      } catch (error) {
        if (!stopping.signal.aborted) log.error({ reason: (error as Error).message }, 'a worker does not start');
      }
    }
  }

  /** Tells a worker to go, and resolves when it has. */
  async function retire(member: Member, how: Farewell): Promise<void> {
    if (!leaving.has(member)) staying--;
    leaving.add(member);
    ready.delete(member);
    const over = alive.get(member);
    member.drain(how);
    const timeout = setTimeoutAfterPoll(() => {
      log.warn('a worker does not come to an end: it is killed');
      member.kill();
    }, drainMs);
    await member.ended;
    timeout.cancel();
    await over;
  }

  async function renewAll(): Promise<void> {
    for (const old of [...alive.keys()]) {
      // One that is starting may have read already what shall be read anew.
      await old.ready.catch(() => undefined);
      while (ready.has(old) && !stopping.signal.aborted) {
        try {
          await launch();
        } catch (error) {
          if (stopping.signal.aborted) return;
          log.error({ reason: (error as Error).message }, 'a new worker does not start: the others stay as they are');
          // One of those may have ended meanwhile, whose place this one would have taken.
          return fill();
        }
        // Where another one has ended meanwhile, the new one has its place, and this one needs one more.
        if (ready.has(old) && staying > size) await retire(old, { isHurried: false, isReplaced: true });
      }
    }
    if (!stopping.signal.aborted) log.info('all workers are new');
  }

  async function stop(isHurried: boolean): Promise<void> {
    stopping.abort();
    await Promise.all(Array.from(alive.keys(), (member) => retire(member, { isHurried, isReplaced: false })));
  }

  let left = leftovers.length;
  for (const leftover of leftovers)
    void leftover.then(() => {
      // There may be more of them than slots, as of several starts.
      if (--left < slots) giveBack(left);
    });
  const first = Math.min(size, Math.max(1, free.length));
  try {
    await Promise.all(Array.from({ length: first }, launch));
  } catch (error) {
    await stop(true);
    throw error;
  }
  // Those that still lack a slot; none of them has failed.
  fill();
  failures = 0;

  return {
    roll() {
      rollsNext ??= rolling = rolling.then(() => {
        rollsNext = undefined;
        return renewAll();
      });
      return rollsNext;
    },
    stop: ({ isHurried }) => stop(isHurried),
    get running() {
      return ready.size;
    },
    get losses() {
      return losses;
    },
  };
}
