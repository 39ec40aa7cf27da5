// What the users meet: by screen, second by second, and in all. Times are of the answers without errors that came while all users were
// there; errors and retries count from the first user on.

import { createLatencies, type Latencies, type Percentiles } from './latencies.ts';

export type ScreenFigures = Percentiles & {
  screen: string;
  requests: number;
  errors: number;
  errorsByCode: Record<string, number>;
  /** Of the answers that say whether they were kept, the share that was; undefined where none says it. */
  keptShare: number | undefined;
};

export type Second = Percentiles & { atSecond: number; users: number; answers: number; errors: number; retries: number };

export type Totals = Percentiles & {
  /** From the first user on: answers, errors among them, and requests that were sent a second time. */
  requests: number;
  errors: number;
  retries: number;
  /** That were opened. One a user is the least, and what a browser needs too. */
  connections: number;
  /** While all users were there. */
  seconds: number;
  requestsPerSecond: number;
  /** By how much the load itself sent too late, in milliseconds, as p99. It is part of the times. */
  lateness: number;
};

/** `lateMs`: of `milliseconds`, how long the load itself took until it sent. */
type Answer = { milliseconds: number; lateMs: number; isKept: boolean | undefined };

export type Figures = ReturnType<typeof createFigures>;

/** Seconds that a live figure looks back on. */
const LIVE_SECONDS = 5;

export function createFigures() {
  const screens = new Map<string, { latencies: Latencies; answers: number; errors: Map<string, number>; kept: number; notKept: number }>();
  const all = createLatencies();
  const lateness = createLatencies();
  /** Of the last seconds, the newest first: taken in turns. */
  const recent = Array.from({ length: LIVE_SECONDS }, createLatencies);
  const live = createLatencies();
  const now = { answers: 0, errors: 0, retries: 0 };
  const total = { answers: 0, errors: 0, retries: 0 };
  const series: Second[] = [];
  const examples = new Map<string, string>();
  let connections = 0;
  let steady: { beganAt: number; answers: number; endedAt?: number } | undefined;

  const of = (screen: string) =>
    screens.getOrInsertComputed(screen, () => ({ latencies: createLatencies(), answers: 0, errors: new Map(), kept: 0, notKept: 0 }));

  function count(what: keyof typeof now): void {
    now[what]++;
    total[what]++;
  }

  return {
    countAnswer(name: string, { milliseconds, lateMs, isKept }: Answer): void {
      const screen = of(name);
      count('answers');
      screen.answers++;
      recent[0]?.record(milliseconds);
      if (isKept !== undefined) screen[isKept ? 'kept' : 'notKept']++;
      if (!steady) return;
      screen.latencies.record(milliseconds);
      all.record(milliseconds);
      lateness.record(lateMs);
      if (steady.endedAt === undefined) steady.answers++;
    },
    countError(name: string, code: string, message: string): void {
      const { errors } = of(name);
      count('errors');
      errors.set(code, (errors.get(code) ?? 0) + 1);
      if (!examples.has(code)) examples.set(code, `${name}: ${message}`);
    },
    countRetry: (): void => count('retries'),
    countConnection: (): void => void connections++,
    /** From here on times count. */
    beginSteady: (): void => {
      steady = { beganAt: performance.now(), answers: 0 };
    },
    endSteady: (): void => {
      if (steady) steady.endedAt = performance.now();
    },
    /** Closes a second of the series, and returns it with the percentiles of the last seconds. */
    closeSecond(atSecond: number, users: number): { second: Second; live: Percentiles } {
      const [newest] = recent;
      const second = { atSecond, users, ...now, ...(newest?.percentiles() ?? all.percentiles()) };
      series.push(second);
      live.reset();
      for (const latencies of recent) live.add(latencies);
      const oldest = recent.pop() ?? createLatencies();
      oldest.reset();
      recent.unshift(oldest);
      Object.assign(now, { answers: 0, errors: 0, retries: 0 });
      return { second, live: live.percentiles() };
    },
    soFar: () => ({ ...total, requests: total.answers + total.errors }),
    series: (): readonly Second[] => series,
    /** The first message of each code. */
    examples: (): Record<string, string> => Object.fromEntries(examples),
    totals(): Totals {
      const seconds = steady ? ((steady.endedAt ?? performance.now()) - steady.beganAt) / 1000 : 0;
      return {
        requests: total.answers + total.errors,
        errors: total.errors,
        retries: total.retries,
        connections,
        seconds,
        requestsPerSecond: steady ? steady.answers / seconds : 0,
        ...all.percentiles(),
        lateness: lateness.percentiles().p99,
      };
    },
    byScreen: (): ScreenFigures[] =>
      Array.from(screens, ([screen, { latencies, answers, errors, kept, notKept }]) => {
        const failed = errors.values().reduce((sum, one) => sum + one, 0);
        return {
          screen,
          requests: answers + failed,
          errors: failed,
          errorsByCode: Object.fromEntries(errors),
          keptShare: kept + notKept === 0 ? undefined : kept / (kept + notKept),
          ...latencies.percentiles(),
        };
      }).sort((a, b) => b.requests - a.requests),
  };
}
