// The keys that wait for one group's next statement, and who waits for them.

import type { BatchGroup, Flush } from './batcher.ts';
import type { Run } from './run.ts';

/** A key that waits, and the places that its value goes to. */
export type Entry = {
  readonly key: unknown;
  readonly cacheKey: unknown;
  readonly waiters: { readonly ticket: Ticket; readonly index: number }[];
  /** How many of the waiters have not left. */
  wanted: number;
  /** What reads it, or has read it last; undefined while it waits. */
  run: Run | undefined;
};

/** What one caller has asked of one group at once. */
export type Ticket = {
  caller: Caller;
  /** By the clock of `performance.now`, in milliseconds. */
  askedAt: number;
  entries: Entry[];
  /** Entries before this one have left. */
  next: number;
  values: unknown[];
  /** How many values it still waits for. */
  missing: number;
  /** Whether its caller has left. */
  isOver: boolean;
  resolve: (values: unknown[]) => void;
  /** Takes its keys out and rejects. */
  withdraw: (reason: unknown) => void;
};

/** One request, as the batcher knows it. */
export class Caller {
  /** Its own queues at each server's batcher, where requests share none. */
  readonly #queues = new Map<object, Queues>();
  /** What it waits for. */
  readonly tickets = new Set<Ticket>();
  /** Called when a statement that served this caller has returned. */
  readonly onFlush: ((flush: Flush) => void) | undefined;
  /** Why it is gone; undefined while it is not. */
  reason: unknown;

  constructor(onFlush?: (flush: Flush) => void) {
    this.onFlush = onFlush;
  }

  queuesAt(batcher: object): Queues {
    return this.#queues.getOrInsertComputed(batcher, () => new Map());
  }

  /**
   * Takes its keys out, but for those that others wait for too, and rejects its loads, those to come too, with `reason`. Statements
   * that nobody waits for any more are cancelled.
   */
  leave(reason: unknown): void {
    this.reason ??= reason ?? new Error('The request was aborted.');
    for (const ticket of this.tickets) ticket.withdraw(this.reason);
  }
}

/** Queues by the group of their keys: those with keys that wait or statements under way. */
export type Queues = Map<object, BatchQueue>;

export class BatchQueue {
  readonly group: BatchGroup<unknown, unknown>;
  /** Where it is found. */
  readonly queues: Queues;
  /** How many statements of the group are under way. */
  running = 0;
  readonly #waiting = new Map<unknown, Entry>();
  #tickets = new Set<Ticket>();

  constructor(group: BatchGroup<unknown, unknown>, queues: Queues) {
    this.group = group;
    this.queues = queues;
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Adds a caller's keys. A key that somebody waits for already is not added again: it gets one more waiter. */
  add(ticket: Ticket, keys: readonly unknown[], cacheKeys: readonly unknown[]): void {
    for (let index = 0; index < keys.length; index++) {
      const cacheKey = cacheKeys[index];
      let entry = this.#waiting.get(cacheKey);
      if (!entry) {
        entry = { key: keys[index], cacheKey, waiters: [], wanted: 0, run: undefined };
        this.#waiting.set(cacheKey, entry);
      }
      entry.waiters.push({ ticket, index });
      entry.wanted++;
      ticket.entries.push(entry);
    }
    this.#tickets.add(ticket);
  }

  /**
   * Takes up to `most` entries out. Where more wait, every ticket gets an equal share, what room is left goes in the order of arrival,
   * and who got nothing is first the next time: whoever asks for little does not wait for all that others have asked for before.
   */
  take(most: number): Entry[] {
    if (this.#waiting.size <= most) {
      const all = [...this.#waiting.values()];
      this.#waiting.clear();
      this.#tickets.clear();
      return all;
    }
    const taken: Entry[] = [];
    const served = new Set<Ticket>();
    const share = Math.max(1, Math.floor(most / this.#tickets.size));
    for (const quota of [share, most]) {
      for (const ticket of this.#tickets) {
        for (let left = quota; left > 0 && taken.length < most && ticket.next < ticket.entries.length; ticket.next++) {
          const entry = ticket.entries[ticket.next] as Entry;
          // It may have left with another ticket's keys.
          if (!this.#isWaiting(entry)) continue;
          this.#waiting.delete(entry.cacheKey);
          taken.push(entry);
          served.add(ticket);
          left--;
        }
      }
    }
    for (const ticket of served) {
      // To the back, where something of it is left.
      this.#tickets.delete(ticket);
      if (ticket.next < ticket.entries.length) this.#tickets.add(ticket);
    }
    return taken;
  }

  /** Takes a ticket's keys out, but for those that others wait for too; what reads only such as nobody wants is cancelled. */
  withdraw(ticket: Ticket, reason: unknown): void {
    this.#tickets.delete(ticket);
    ticket.caller.tickets.delete(ticket);
    ticket.isOver = true;
    ticket.next = ticket.entries.length;
    for (const entry of ticket.entries) {
      if (--entry.wanted > 0) continue;
      if (this.#isWaiting(entry)) this.#waiting.delete(entry.cacheKey);
      else entry.run?.forgo(reason);
    }
  }

  /**
   * Withdraws the tickets that were asked for at `latest` or before and have keys that wait, be it only some. Returns when the first of
   * the others was asked for, Infinity where no other waits. Both by the clock of `performance.now`, in milliseconds.
   */
  expire(latest: number, reason: Error): number {
    let first = Number.POSITIVE_INFINITY;
    for (const ticket of this.#tickets) {
      // Others may have taken its keys along.
      if (!ticket.entries.some((entry) => this.#isWaiting(entry))) continue;
      if (ticket.askedAt <= latest) ticket.withdraw(reason);
      else first = Math.min(first, ticket.askedAt);
    }
    return first;
  }

  /** The same key may wait again while its last statement is under way: the entry tells. */
  #isWaiting(entry: Entry): boolean {
    return this.#waiting.get(entry.cacheKey) === entry;
  }
}

/** Gives a value, or an Error, to everybody who waits for it. */
export function settle({ waiters }: Entry, value: unknown): void {
  for (const { ticket, index } of waiters) {
    if (ticket.isOver) continue;
    ticket.values[index] = value;
    if (--ticket.missing > 0) continue;
    ticket.caller.tickets.delete(ticket);
    ticket.resolve(ticket.values);
  }
}

/** Who still waits for entries, and when the first of them has asked: Infinity where nobody is left. */
export function waitersOf(entries: readonly Entry[]): { callers: ReadonlySet<Caller>; firstAskedAt: number } {
  const callers = new Set<Caller>();
  let firstAskedAt = Number.POSITIVE_INFINITY;
  for (const { waiters } of entries) {
    for (const { ticket } of waiters) {
      if (ticket.isOver) continue;
      callers.add(ticket.caller);
      if (ticket.askedAt < firstAskedAt) firstAskedAt = ticket.askedAt;
    }
  }
  return { callers, firstAskedAt };
}
