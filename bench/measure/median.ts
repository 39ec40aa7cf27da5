import type { Measured } from './measure.ts';

/** What could not be measured counts for nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** What each round's one figure is to its other, so that whatever the machine did in a round falls on both. */
export const ratiosOf = (ones: readonly number[], others: readonly number[]): number[] =>
  ones.map((one, round) => one / (others[round] ?? Number.NaN));

/** Each figure's median by itself. */
export function medianOf(rounds: readonly Measured[]): Measured {
  const [first] = rounds;
  if (!first) throw new Error('Nothing was measured.');
  const names = Object.keys(first) as (keyof Measured)[];
  return Object.fromEntries(names.map((name) => [name, median(rounds.map((round) => round[name]))])) as Measured;
}
