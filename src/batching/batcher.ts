// Batching across requests. Requests leave their keys here, and what waits for the same group of keys travels as one statement:
//
//   request A  certificates 1, 2 ─┐
//   request B  certificates 2, 3 ─┼─ one flush: certificates 1, 2, 3 ─ one statement ─ each request gets its own keys' values
//   request C  certificates 9    ─┘
//
// A flush goes out in the next turn of the event loop while fewer than two statements of its group are under way, else when one
// of them returns. So an idle gateway waits for nothing, and the busier it is, the more requests share a statement.
//
// What holds for every caller, however many share:
//   - A statement starts after every request that shares it has asked: nobody reads older data than alone.
//   - First come, first served; whoever asks for little is not held up by somebody who asks for much.
//   - A key that makes its statement fail fails alone: the batch is cut in halves and tried again.
//   - A request that is aborted takes its keys out. A statement under way that nobody waits for any more is cancelled.
//   - Nobody waits longer than `maxWaitMs` for a statement to start.
// Writes and transactions do not come here.

import { Overloaded } from '../errors.ts';
import { type PolledTimeout, setTimeoutAfterPoll } from '../gateway/timeout-after-poll.ts';
import { BatchQueue, type Caller, type Entry, type Queues, settle, type Ticket, waitersOf } from './batch-queue.ts';
import type { Database } from './database.ts';
import { Run } from './run.ts';
import type { Statement } from './statement.ts';

/**
 * Reads many keys at once. Answers in the order of the keys, with an Error where a key fails. It reads the database and no other
 * loader: a request's next keys leave when its statements have answered, so that one that waited for them would wait for ever.
 */
export type BatchFunction<K, V> = (db: Database, keys: readonly K[]) => Promise<readonly (V | Error)[]>;

/** What may travel together. A loader is one group, or has one for each text of its statement. */
export type BatchGroup<K, V> = {
  /** Of the loader, for people: it appears in profiles and metrics. */
  name: string;
  batch: BatchFunction<K, V>;
  /** The most keys of one statement. Default: the batcher's. */
  maxKeys?: number;
};

/** What became of a statement and whom it served. */
export type Flush = {
  loader: string;
  /** How many keys it read. */
  keys: number;
  /** How many requests shared it. */
  callers: number;
  /** How long the one that asked first has waited for its start, in milliseconds. */
  waitMs: number;
  durationMs: number;
  /** When it started, by `performance.now`, in milliseconds. */
  startedAt: number;
  /** What was sent to the database for it: usually one. */
  statements: readonly Statement[];
};

export type BatcherOptions = {
  /** Whether requests share statements. Where not, those of each request travel alone, at once. Default true. */
  isShared?: boolean;
  /** The most statements of one group that are under way at once. Default 2. */
  maxPerGroup?: number;
  /** The most statements that are under way at once, of all groups. Default 8: a pool of ten connections keeps two for writes. */
  maxConcurrent?: number;
  /** The most keys of one statement. Default 1000. */
  maxKeys?: number;
  /** How long a caller waits for a statement to start, in milliseconds. Then its load rejects with Overloaded. Default 2000. */
  maxWaitMs?: number;
  /** Whether an error may come from one key, so that the others are worth another try. Default: always. */
  mayBeOfOneKey?: (error: unknown) => boolean;
  /** Called after each statement; it must not throw. */
  onFlush?: (flush: Flush) => void;
  /** Called with every value that several requests may hold; tests freeze it. */
  onShared?: (value: unknown) => void;
};

/** How long a batch that failed is tried again in parts, counted from its first start. */
const MAX_RETRYING_MS = 30_000;

/** What became of a batch's parts so far. Where nothing succeeds, the fault is in no key, and it is soon given up. */
type Tries = { failures: number; most: number; until: number };

export class Batcher {
  readonly db: Database;
  readonly #options: Required<Omit<BatcherOptions, 'onFlush' | 'onShared'>> & Pick<BatcherOptions, 'onFlush' | 'onShared'>;
  /** The queues that requests share. */
  readonly #queues: Queues = new Map();
  /** Queues with keys that wait, the one that waits longest first. */
  readonly #ready = new Set<BatchQueue>();
  #running = 0;
  #beats: (() => void)[] = [];
  #isScheduled = false;
  /** Set while something waits that could not be sent. */
  #expiry: PolledTimeout | undefined;

  constructor(db: Database, options: BatcherOptions = {}) {
    this.db = db;
    const defaults = { isShared: true, maxPerGroup: 2, maxConcurrent: 8, maxKeys: 1000, maxWaitMs: 2000, mayBeOfOneKey: () => true };
    this.#options = { ...defaults, ...options };
  }

  /** Calls `work` in the next turn of the event loop, when every promise job of this one is done, and flushes what it has asked for. */
  onNextBeat(work: () => void): void {
    this.#beats.push(work);
    this.#schedule();
  }

  /**
   * Reads keys, in a statement that starts after this call. The values come in the order of the keys, an Error where one fails.
   * Rejects when the caller has left, or has waited too long for a start. `cacheKeys`: what makes two keys one.
   */
  load<K, V>(caller: Caller, group: BatchGroup<K, V>, keys: readonly K[], cacheKeys: readonly unknown[] = keys): Promise<(V | Error)[]> {
    if (caller.reason !== undefined) return Promise.reject(caller.reason);
    if (keys.length === 0) return Promise.resolve([]);
    const queue = this.#queueOf(this.#options.isShared ? this.#queues : caller.queuesAt(this), group as BatchGroup<unknown, unknown>);
    const { promise, resolve, reject } = Promise.withResolvers<(V | Error)[]>();
    const ticket: Ticket = {
      caller,
      askedAt: performance.now(),
      entries: [],
      next: 0,
      values: new Array(keys.length),
      missing: keys.length,
      isOver: false,
      resolve: resolve as Ticket['resolve'],
      withdraw: (reason) => {
        queue.withdraw(ticket, reason);
        if (queue.isEmpty && this.#ready.delete(queue)) this.#watch();
        this.#forgetIdle(queue);
        reject(reason);
      },
    };
    queue.add(ticket, keys, cacheKeys);
    caller.tickets.add(ticket);
    this.#ready.add(queue);
    this.#schedule();
    return promise;
  }

  #queueOf(queues: Queues, group: BatchQueue['group']): BatchQueue {
    return queues.getOrInsertComputed(group, () => new BatchQueue(group, queues));
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // setImmediate runs after all promise jobs: whoever an answer has woken, or a socket in this turn, has asked by then.
    setImmediate(() => {
      const beats = this.#beats;
      this.#beats = [];
      try {
        for (const work of beats) work();
      } finally {
        this.#isScheduled = false;
        if (this.#beats.length > 0) this.#schedule();
        this.#flush();
      }
    });
  }

  /** Sends what may be sent, the queue that has waited longest first. One with keys left goes to the back: no loader holds all statements. */
  #flush(): void {
    const { isShared, maxPerGroup, maxConcurrent, maxKeys } = this.#options;
    // A queue that is added while the loop runs is visited by it again.
    for (const queue of this.#ready) {
      if (isShared && (queue.running >= maxPerGroup || this.#running >= maxConcurrent)) continue;
      this.#ready.delete(queue);
      if (queue.isEmpty) continue;
      const entries = queue.take(queue.group.maxKeys ?? maxKeys);
      if (!queue.isEmpty) this.#ready.add(queue);
      queue.running++;
      this.#running++;
      const tries: Tries = { failures: 0, most: Math.ceil(Math.log2(entries.length)) + 2, until: performance.now() + MAX_RETRYING_MS };
      void this.#run(queue.group, entries, tries).finally(() => {
        queue.running--;
        this.#running--;
        this.#forgetIdle(queue);
        this.#flush();
      });
    }
    this.#watch();
  }

  /** One timer for all that waits: what had to wait first is due when it fires, and what came later is looked at then. */
  #watch(dueInMs = this.#options.maxWaitMs): void {
    if (this.#ready.size > 0) this.#expiry ??= setTimeoutAfterPoll(() => this.#expire(), dueInMs);
    else if (this.#expiry) {
      this.#expiry.cancel();
      this.#expiry = undefined;
    }
  }

  #expire(): void {
    this.#expiry = undefined;
    const { maxWaitMs } = this.#options;
    const latest = performance.now() - maxWaitMs;
    const reason = new Overloaded('The database is busy. Try again.');
    const first = Math.min(...Array.from(this.#ready, (queue) => queue.expire(latest, reason)));
    if (Number.isFinite(first)) this.#watch(Math.ceil(first - latest));
  }

  /** Reads entries and settles them. It never rejects. */
  async #run(group: BatchQueue['group'], entries: readonly Entry[], tries: Tries): Promise<void> {
    const startedAt = performance.now();
    const { db, statements } = new Run(this.db, entries);
    try {
      const values = await group.batch(
        db,
        entries.map(({ key }) => key),
      );
      if (values.length !== entries.length) throw new Error(`${group.name} answered ${values.length} of ${entries.length} keys.`);
      if (this.#options.onShared) values.forEach(this.#options.onShared);
      tries.most = Number.POSITIVE_INFINITY;
      this.#report(group.name, entries, startedAt, statements);
      for (const [i, entry] of entries.entries()) settle(entry, values[i]);
    } catch (error) {
      this.#report(group.name, entries, startedAt, statements);
      // A database without a free connection has been waited for: nobody waits for it again.
      const mayBeOfOneKey = !(error instanceof Overloaded) && this.#options.mayBeOfOneKey(error);
      const isWorthIt = ++tries.failures <= tries.most && startedAt < tries.until && mayBeOfOneKey;
      if (entries.length === 1 || !isWorthIt) {
        for (const entry of entries) settle(entry, error instanceof Error ? error : new Error(String(error)));
        return;
      }
      // One after the other: the halves have the place of the statement that failed. Whom everybody has left is left out.
      const middle = Math.ceil(entries.length / 2);
      for (const half of [entries.slice(0, middle), entries.slice(middle)]) {
        const wanted = half.filter((entry) => entry.wanted > 0);
        if (wanted.length > 0) await this.#run(group, wanted, tries);
      }
    }
  }

  #report(loader: string, entries: readonly Entry[], startedAt: number, statements: readonly Statement[]): void {
    const { callers, firstAskedAt } = waitersOf(entries);
    const flush: Flush = {
      loader,
      keys: entries.length,
      callers: callers.size,
      waitMs: Math.max(0, startedAt - firstAskedAt),
      durationMs: performance.now() - startedAt,
      startedAt,
      statements,
    };
    this.#options.onFlush?.(flush);
    for (const caller of callers) caller.onFlush?.(flush);
  }

  #forgetIdle(queue: BatchQueue): void {
    const { isEmpty, running, queues, group } = queue;
    if (isEmpty && running === 0 && queues.get(group) === queue) queues.delete(group);
  }
}
