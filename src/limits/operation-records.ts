// How large each operation has been so far, and how much clients have asked for: what limits are chosen from, before they are enforced.

/** What is recorded of an operation: the figures that limits bound. */
export const RECORDED = ['cost', 'depth', 'aliases', 'rootFields', 'directives', 'tokens'] as const;
export type RecordedFigure = (typeof RECORDED)[number];

export type OperationRecord = { calls: number } & Record<RecordedFigure, number>;

export type OperationRecords = {
  /** Takes an operation that is about to be executed. */
  add(name: string | undefined, figures: Readonly<Record<RecordedFigure, number>>): void;
  /** Takes how much one client has had in a window. */
  addUsage(window: string, used: number): void;
  /** By name, the largest of each figure. */
  entries(): Iterable<[name: string, record: OperationRecord]>;
  /** By window, the most that one client has had. */
  usages(): Iterable<[window: string, most: number]>;
};

/** Names that clients make up have no end: the first so many are told apart, the others are one. */
const MAX_NAMES = 200;
const MAX_NAME_LENGTH = 80;

/** `knownNames`: names that are always told apart, as those of a manifest. Where there are any, all others are one. */
export function createOperationRecords(knownNames: readonly string[] = []): OperationRecords {
  const records = new Map<string, OperationRecord>();
  const most = new Map<string, number>();
  const expected = new Set(knownNames);
  const labelOf = (name: string | undefined): string => {
    if (name === undefined) return 'anonymous';
    if (expected.size > 0) return expected.has(name) ? name : 'other';
    return records.has(name) || (records.size < MAX_NAMES && name.length <= MAX_NAME_LENGTH) ? name : 'other';
  };
  return {
    add(name, figures) {
      const label = labelOf(name);
      const known = records.get(label);
      if (!known) {
        records.set(label, { calls: 1, ...figures });
        return;
      }
      known.calls++;
      for (const figure of RECORDED) if (figures[figure] > known[figure]) known[figure] = figures[figure];
    },
    addUsage(window, used) {
      if (used > (most.get(window) ?? 0)) most.set(window, used);
    },
    entries: () => records,
    usages: () => most,
  };
}
