// Windows that answers and metrics speak of by name: those of requests and of points.

import { type MaybePromise, when } from '../batching/maybe-promise.ts';
import type { LimitName, Limits } from '../limits/limits.ts';
import type { RateLimitStore, Standing, Verdict, Window } from './store.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;

export type NamedWindow = Window & { name: string };

/** A window and what is left of it. */
export type NamedStanding = NamedWindow & Standing;

/** What became of units that a client has asked for. */
export type Taken = Pick<Verdict, 'isAllowed' | 'retryAfterMs' | 'at'> & { isRefused: boolean; standings: readonly NamedStanding[] };

export type NamedWindowsOptions = {
  store: RateLimitStore;
  limits: Limits;
  /** Whose mode decides. */
  limit: LimitName;
  windows: readonly NamedWindow[];
  /** Takes how much a client has in a window. */
  onUsage?: (window: string, used: number) => void;
};

/** A limit that is watched counts on beyond its `max`, so that one sees what clients would need. */
const UNBOUNDED = 1e9;

/** Counts a client's units in windows, as the mode of their limit has it. */
export function createNamedWindows({ store, limits, limit, windows, onUsage }: NamedWindowsOptions) {
  const mode = limits.modeOf(limit);
  const isWatched = mode === 'watch';
  const counted = isWatched ? windows.map((window) => ({ ...window, max: UNBOUNDED })) : windows;
  const keyOf = (key: string) => `${limit} ${key}`;
  const named = (standings: readonly Standing[]): NamedStanding[] =>
    counted.map((window, i) => ({ ...window, ...(standings[i] ?? { remaining: 0, resetMs: 0 }) }));

  return {
    mode,
    take: (key: string, amount: number): MaybePromise<Taken> =>
      when(store.take(keyOf(key), counted, amount), ({ isAllowed, standings: raw, retryAfterMs, at }) => {
        const standings = named(raw);
        let isBeyond = !isAllowed;
        standings.forEach(({ name, max, remaining }, i) => {
          onUsage?.(name, max - remaining);
          if (isWatched && max - remaining > (windows[i]?.max ?? 0)) isBeyond = true;
        });
        return { isAllowed, isRefused: isBeyond && limits.isRefused(limit), standings, retryAfterMs, at };
      }),
    refund: (key: string, amount: number, at: number) => store.refund(keyOf(key), counted, amount, at),
    /** What is left to a client, where anything is limited. */
    standing: async (key: string): Promise<NamedStanding[]> =>
      mode === 'enforce' ? named((await store.take(keyOf(key), counted, 0)).standings) : [],
  };
}

export const seconds = (milliseconds: number) => Math.ceil(milliseconds / 1000);

/** An item of `RateLimit-Policy`: draft-ietf-httpapi-ratelimit-headers-10. */
export const policyOf = ({ name, max, windowMs }: NamedWindow): string => `"${name}";q=${max};w=${seconds(windowMs)}`;

/** An item of `RateLimit`: what is left, and in how many seconds all of it is there again if nobody takes anything. */
export const standingOf = ({ name, remaining, resetMs }: NamedStanding): string => `"${name}";r=${remaining};t=${seconds(resetMs)}`;
