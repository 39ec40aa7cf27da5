// Where calls are counted: the port behind every limit of rate.

import type { MaybePromise } from '../batching/maybe-promise.ts';

/** At most `max` units in any span of `windowMs` milliseconds. 0 lets nothing through. */
export type Window = { windowMs: number; max: number };

/** How much of a window is left. */
export type Standing = {
  remaining: number;
  /** In how many whole milliseconds everything that counts now has left the window; 0 where nothing counts. */
  resetMs: number;
};

export type Verdict = {
  isAllowed: boolean;
  /** In how many whole milliseconds the same amount will be let through if nobody else takes anything; 0 where it was now. */
  retryAfterMs: number;
  /** Of each window, in the order they were given, after this call. */
  standings: readonly Standing[];
  /** The moment of the call by the store's own clock, which need not be the wall's: only for `refund` on the same store. */
  at: number;
};

/**
 * Counts units by key, sliding and exactly: however many callers there are at once, no span of a window's length sees more than its
 * `max`. What is refused is not counted, so a client that does not stop does not lock itself out, and takes no memory.
 *
 * Units are kept in slots of a hundredth of their window, and count until their whole slot has left it: up to 1 % longer than the
 * window, never shorter. So a key takes bounded memory whatever its `max`.
 */
export type RateLimitStore = {
  /**
   * Counts `amount` units, a whole number, of a key in every window or, where one of them has no room, in none. With an amount of 0
   * it only looks. An amount above a window's `max` is never let through; its `retryAfterMs` is the window.
   *
   * A key is to come with windows of the same lengths always: with others it starts anew. Their `max` may change from call to call.
   */
  take(key: string, windows: readonly Window[], amount: number): MaybePromise<Verdict>;
  /** Takes back units that were counted at `at`, as far as they count still. */
  refund(key: string, windows: readonly Window[], amount: number, at: number): MaybePromise<void>;
};
