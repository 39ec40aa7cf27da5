// From what clients saw to whether it is what must hold.

import type { ClientRole } from './operations.ts';
import type { Outcome } from './traffic.ts';

/** What clients saw around a fault. Moments are those of `performance.now()`. */
export type Seen = {
  outcomes: readonly Outcome[];
  /** When the fault was done, and when what caused it was over. */
  faultFrom: number;
  faultTo: number;
  endedAt: number;
};

/** What must hold. */
export type Must = {
  /** Errors that clients may see. Default none. */
  mayFail?: RegExp;
  /** How long there may be no success from anybody, in milliseconds; where `isOut`, beyond the time of the fault. Default 2000. */
  maxGapMs?: number;
  /** Whether nobody can be served while the fault lasts. Default false. */
  isOut?: boolean;
  /** How long after the fault is over errors may come, in milliseconds. Default 1000. */
  calmWithinMs?: number;
  /** The longest that a request may take, in milliseconds. Default 12000, which is a little more than REQUEST_DEADLINE_MS. */
  maxMs?: number;
  /** Who must see no error at all, and no longer gap than two seconds. Default nobody. */
  unaffected?: readonly ClientRole[];
};

const [MAX_GAP_MS, CALM_WITHIN_MS, MAX_MS] = [2000, 1000, 12_000];
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

/** What must hold, in words. */
export function wordsOf({
  mayFail,
  maxGapMs = MAX_GAP_MS,
  isOut,
  calmWithinMs = CALM_WITHIN_MS,
  maxMs = MAX_MS,
  unaffected,
}: Must): string {
  return [
    mayFail ? `no error but ${mayFail.source}, and none later than ${seconds(calmWithinMs)} after` : 'no error',
    `somebody served at least every ${seconds(maxGapMs)}${isOut ? ' beyond the fault' : ''}`,
    `no answer later than ${seconds(maxMs)}`,
    ...(unaffected ? [`${unaffected.join('s and ')}s not affected`] : []),
    'acknowledged writes there once, others at most once',
  ].join('; ');
}

/** What is not as it must be, in words. */
export function problemsOf(seen: Seen, must: Must): string[] {
  const { mayFail, maxGapMs = MAX_GAP_MS, isOut, calmWithinMs = CALM_WITHIN_MS, maxMs = MAX_MS, unaffected = [] } = must;
  const { outcomes, faultFrom, faultTo } = seen;
  const before = outcomes.filter(({ endedAt, error }) => error !== undefined && endedAt < faultFrom);
  const since = outcomes.filter(({ endedAt }) => endedAt >= faultFrom);
  const failed = since.flatMap((one) => (one.error === undefined ? [] : [{ ...one, error: one.error }]));
  const allowed = mayFail && new RegExp(`^(${mayFail.source})$`, mayFail.flags);
  const wrong = failed.filter(({ error }) => !allowed?.test(error));
  const late = failed.filter(({ error, endedAt }) => allowed?.test(error) && endedAt > faultTo + calmWithinMs);
  const gapMs = longestGapMs(seen);
  const mostMs = maxGapMs + (isOut ? faultTo - faultFrom : 0);
  const slowest = Math.max(0, ...since.map(({ startedAt, endedAt }) => endedAt - startedAt));
  return [
    ...(before.length > 0 ? [`before the fault: ${tallyOf(before)}`] : []),
    ...(wrong.length > 0 ? [`clients saw ${tallyOf(wrong)}`] : []),
    ...(late.length > 0 ? [`${tallyOf(late)} later than ${seconds(calmWithinMs)} after the fault was over`] : []),
    ...(gapMs > mostMs ? [`nobody was served for ${seconds(gapMs)}`] : []),
    ...(slowest > maxMs ? [`a request took ${seconds(slowest)}`] : []),
    ...unaffected.flatMap((role) => {
      const theirs = since.filter((one) => one.role === role);
      const errors = theirs.filter(({ error }) => error !== undefined);
      const gap = longestGapMs({ ...seen, outcomes: theirs });
      return [
        ...(errors.length > 0 ? [`${role}s saw ${tallyOf(errors)}`] : []),
        ...(gap > MAX_GAP_MS ? [`no ${role} was served for ${seconds(gap)}`] : []),
      ];
    }),
  ];
}

/** What clients saw from the fault on, in words. */
export function figuresOf(seen: Seen): string {
  const since = seen.outcomes.filter(({ endedAt }) => endedAt >= seen.faultFrom);
  const failed = since.filter(({ error }) => error !== undefined);
  const retried = since.filter(({ isRetried }) => isRetried).length;
  const ms = since.map(({ startedAt, endedAt }) => endedAt - startedAt).sort((a, b) => a - b);
  const at = (part: number) => Math.round(ms[Math.min(ms.length - 1, Math.floor(part * ms.length))] ?? 0);
  const last = Math.max(...failed.map(({ endedAt }) => endedAt));
  return [
    `${since.length} requests in ${seconds(seen.endedAt - seen.faultFrom)}, the fault ${seconds(seen.faultTo - seen.faultFrom)} of it`,
    failed.length > 0 ? `failed: ${tallyOf(failed)}` : 'none failed',
    `${retried} retried`,
    `longest gap ${seconds(longestGapMs(seen))}`,
    `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} ms`,
    ...(failed.length > 0
      ? [`last error ${last > seen.faultTo ? `${seconds(last - seen.faultTo)} after it was over` : 'while it lasted'}`]
      : []),
  ].join(', ');
}

/** The longest time from the fault to the end in which nothing succeeded. */
function longestGapMs({ outcomes, faultFrom, endedAt }: Seen): number {
  const moments = outcomes.filter(({ error, endedAt: at }) => error === undefined && at >= faultFrom).map(({ endedAt: at }) => at);
  const all = [faultFrom, ...moments.sort((a, b) => a - b), endedAt];
  return Math.max(...all.slice(1).map((moment, i) => moment - (all[i] ?? moment)));
}

/** `3 × ECONNRESET, 1 × OVERLOADED`. */
function tallyOf(outcomes: readonly { error?: string }[]): string {
  const counts = new Map<string, number>();
  for (const { error = 'none' } of outcomes) counts.set(error, (counts.get(error) ?? 0) + 1);
  return Array.from(counts, ([error, count]) => `${count} × ${error}`).join(', ');
}
