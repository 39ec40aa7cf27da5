// The budget of points: what a client's operations may cost in a minute, beside how many requests they are.

import { type MaybePromise, when } from '../batching/maybe-promise.ts';
import { type ClientError, RateLimited } from '../errors.ts';
import { limitExceeded } from '../limits/limits.ts';
import { createNamedWindows, MINUTE_MS, type NamedWindow, type NamedWindowsOptions, policyOf, standingOf } from './named-windows.ts';

/** Points that were set aside for an operation, or why there are none. */
export type Reservation = {
  refusal: ClientError | undefined;
  /** Gives back what was not used, and adds to the answer's headers what is left. `actual`: points that the operation has used. */
  settle(actual: number, headers: Record<string, string> | undefined): void;
};

const FREE: Reservation = { refusal: undefined, settle: () => undefined };

export type PointBudgetOptions = Pick<NamedWindowsOptions, 'store' | 'limits' | 'onUsage'> & {
  /** Points of a client in any minute. Default 10000. */
  perMinute?: number;
};

/** Sets points aside before an operation is executed, and takes back what it did not use. */
export function createPointBudget({ perMinute = 10_000, ...options }: PointBudgetOptions) {
  const window: NamedWindow = { name: 'points', windowMs: MINUTE_MS, max: perMinute };
  const policy = `${policyOf(window)};qu="points"`;
  const { mode, take, refund, standing } = createNamedWindows({ ...options, limit: 'points', windows: [window] });

  // What is more than a minute has will never have room.
  const refusalOf = (estimate: number, retryAfterMs: number) =>
    estimate > perMinute
      ? limitExceeded('points', 'points', { max: perMinute, actual: estimate })
      : new RateLimited('points', retryAfterMs);

  return {
    standing,
    reserve(key: string, estimate: number): MaybePromise<Reservation> {
      if (mode === 'off') return FREE;
      return when(take(key, estimate), ({ isAllowed, isRefused, standings, retryAfterMs, at }) => ({
        refusal: isRefused ? refusalOf(estimate, retryAfterMs) : undefined,
        settle: (actual, headers) => {
          const unused = Math.max(0, estimate - actual);
          // What was not let through was not counted.
          if (unused > 0 && isAllowed) void refund(key, unused, at);
          if (!headers || mode !== 'enforce') return;
          const left = standings.map((one) => standingOf({ ...one, remaining: one.remaining + unused }));
          append(headers, 'ratelimit-policy', policy);
          append(headers, 'ratelimit', left.join(', '));
        },
      }));
    },
  };
}

export type PointBudget = ReturnType<typeof createPointBudget>;

/** Behind what is there of requests; of the operations of a batch, the last one says what is left. */
function append(headers: Record<string, string>, name: string, value: string): void {
  const others = headers[name]?.replace(/(, )?"points".*$/, '');
  headers[name] = others ? `${others}, ${value}` : value;
}
