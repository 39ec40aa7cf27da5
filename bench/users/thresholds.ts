// What must hold for a run to be good: each threshold by its name, and whether what was measured keeps it.

import { UsageError } from '../options.ts';

/** What a run is judged by. Milliseconds, megabytes and shares of 1; undefined where it could not be measured. */
export type Judged = {
  p50: number;
  p95: number;
  p99: number;
  max: number;
  /** Requests that failed, and of how many. */
  errors: number;
  requests: number;
  requestsPerSecond: number;
  /** Of the largest process of the gateway, at most. */
  memory?: number;
  /** What memory has grown to, in parts of what it was: of a soak. */
  growth?: number;
  /** What several workers do, in parts of what one does: of a saturation. */
  ratio?: number;
};

/** `isShare`: given with a percent sign, of all requests. */
export type Threshold = { name: ThresholdName; bound: number; isShare: boolean };
export type Verdict = { name: ThresholdName; wanted: string; measured: string; holds: boolean };

type Rule = { unit: string; isLeast?: boolean; mayBeShare?: boolean; value: (judged: Judged) => number | undefined };

const RULES = {
  p50: { unit: ' ms', value: ({ p50 }) => p50 },
  p95: { unit: ' ms', value: ({ p95 }) => p95 },
  p99: { unit: ' ms', value: ({ p99 }) => p99 },
  max: { unit: ' ms', value: ({ max }) => max },
  errors: { unit: '', mayBeShare: true, value: ({ errors }) => errors },
  memory: { unit: ' MB', value: ({ memory }) => memory },
  growth: { unit: '', mayBeShare: true, value: ({ growth }) => (growth === undefined ? undefined : growth - 1) },
  rate: { unit: ' requests/s', isLeast: true, value: ({ requestsPerSecond }) => requestsPerSecond },
  ratio: { unit: '', isLeast: true, value: ({ ratio }) => ratio },
} as const satisfies Record<string, Rule>;

export type ThresholdName = keyof typeof RULES;

const NAMES = Object.keys(RULES) as ThresholdName[];

/** Up to how many users answers must be quick. */
const FEW_USERS = 500;

/** What holds of a run of so many users where nothing else is said. */
export const defaultsFor = (users: number): Threshold[] => [
  { name: 'errors', bound: 0, isShare: false },
  { name: 'p99', bound: users <= FEW_USERS ? 50 : 200, isShare: false },
];

/** Reads `p99=50`, `errors=3` and `errors=0.1%`. Throws UsageError. */
export function readThreshold(text: string): Threshold {
  const [, name = '', number = '', percent] = /^(\w+)=(\d+(?:\.\d+)?)(%)?$/.exec(text) ?? [];
  const isKnown = (one: string): one is ThresholdName => Object.hasOwn(RULES, one);
  if (!isKnown(name))
    throw new UsageError(`--threshold ${text}: it takes a name and a bound, as p99=50; the names are ${NAMES.join(', ')}.`);
  const rule: Rule = RULES[name];
  if (percent && !rule.mayBeShare) throw new UsageError(`--threshold ${text}: only errors and growth are bounded in percent.`);
  return { name, bound: percent ? Number(number) / 100 : Number(number), isShare: percent !== undefined };
}

/** The later ones take the place of earlier ones of the same name. */
export const mergeThresholds = (...lists: readonly (readonly Threshold[])[]): Threshold[] => [
  ...new Map(lists.flat().map((threshold) => [threshold.name, threshold])).values(),
];

export function judge(thresholds: readonly Threshold[], judged: Judged): Verdict[] {
  return thresholds.map(({ name, bound, isShare }) => {
    const { unit, isLeast, value }: Rule = RULES[name];
    const found = value(judged);
    const measured = found !== undefined && isShare && name === 'errors' ? found / judged.requests : found;
    const shown = (number: number) => (isShare ? `${Number((number * 100).toFixed(3))} %` : `${Number(number.toFixed(2))}${unit}`);
    return {
      name,
      wanted: `${isLeast ? 'at least' : 'at most'} ${shown(bound)}`,
      measured: measured === undefined || Number.isNaN(measured) ? 'not measured' : shown(measured),
      // What could not be measured does not hold: nobody knows.
      holds: measured !== undefined && (isLeast ? measured >= bound : measured <= bound),
    };
  });
}
