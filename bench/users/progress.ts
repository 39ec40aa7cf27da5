import type { Percentiles } from './latencies.ts';

export type Progress = {
  atSecond: number;
  users: number;
  wanted: number;
  answers: number;
  errors: number;
  retries: number;
  live: Percentiles;
};

const PLAIN_SECONDS = 10;

/** One line that is written anew each second in a terminal, else a line each ten seconds. `close` leaves the cursor below it. */
export function openProgress(stream: Pick<NodeJS.WriteStream, 'write' | 'isTTY'>) {
  /** Answers since the last line. */
  let answers = 0;
  let seconds = 0;
  return {
    show(progress: Progress): void {
      answers += progress.answers;
      seconds++;
      if (!stream.isTTY && progress.atSecond % PLAIN_SECONDS !== 0) return;
      const line = lineOf(progress, answers / seconds);
      stream.write(stream.isTTY ? `\r${line}\x1b[K` : `${line}\n`);
      answers = 0;
      seconds = 0;
    },
    close: (): void => void (stream.isTTY && stream.write('\n')),
  };
}

export function lineOf({ atSecond, users, wanted, errors, retries, live }: Progress, answersPerSecond: number): string {
  const ms = (value: number) => (Number.isNaN(value) ? '-' : value.toFixed(1));
  return [
    `${String(atSecond).padStart(4)} s`,
    `${users === wanted ? users : `${users}/${wanted}`} users`,
    `${Math.round(answersPerSecond)} requests/s`,
    `p50 ${ms(live.p50)} ms`,
    `p99 ${ms(live.p99)} ms`,
    `${errors} errors${retries ? `, ${retries} retries` : ''}`,
  ].join('  ');
}
