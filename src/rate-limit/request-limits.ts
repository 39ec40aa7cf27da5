// The limits of requests: so many a minute and so many an hour, and what answers tell of them.

import { type MaybePromise, when } from '../batching/maybe-promise.ts';
import { RateLimited } from '../errors.ts';
import type { NamedWindow, NamedWindowsOptions } from './named-windows.ts';
import { createNamedWindows, HOUR_MS, MINUTE_MS, type NamedStanding, policyOf, seconds, standingOf } from './named-windows.ts';

export type RequestLimitsOptions = Pick<NamedWindowsOptions, 'store' | 'limits' | 'onUsage'> & {
  /** Requests of a client in any minute. Default 60. */
  perMinute?: number;
  /** Requests of a client in any hour. Default 1000. */
  perHour?: number;
};

/** What a request has met: the headers that its answer carries, and why it is refused, where it is. */
export type RequestVerdict = { headers: Record<string, string>; refusal: RateLimited | undefined };

const FREE: RequestVerdict = { headers: {}, refusal: undefined };

/** Counts a client's requests. While they are only watched, answers say nothing of limits that nobody meets. */
export function createRequestLimits({ perMinute = 60, perHour = 1000, ...options }: RequestLimitsOptions) {
  const windows: readonly NamedWindow[] = [
    { name: 'minute', windowMs: MINUTE_MS, max: perMinute },
    { name: 'hour', windowMs: HOUR_MS, max: perHour },
  ];
  const policy = windows.map(policyOf).join(', ');
  const { mode, take, standing } = createNamedWindows({ ...options, limit: 'requests', windows });

  return {
    standing,
    count(key: string): MaybePromise<RequestVerdict> {
      if (mode === 'off') return FREE;
      return when(take(key, 1), ({ isRefused, standings, retryAfterMs }) => {
        if (mode === 'watch') return FREE;
        return {
          headers: { 'ratelimit-policy': policy, ratelimit: standings.map(standingOf).join(', '), ...familiarHeaders(standings) },
          refusal: isRefused ? new RateLimited('requests', retryAfterMs) : undefined,
        };
      });
    },
  };
}

export type RequestLimits = ReturnType<typeof createRequestLimits>;

/** The headers that came before the draft, of the window that has least left. `Reset` is a moment, in seconds since 1970, as GitHub has it. */
function familiarHeaders(standings: readonly NamedStanding[]): Record<string, string> {
  const { max, remaining, resetMs } = standings.reduce((least, one) => (one.remaining < least.remaining ? one : least));
  return {
    'x-ratelimit-limit': String(max),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(seconds(Date.now() + resetMs)),
  };
}
