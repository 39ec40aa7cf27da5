// How large each operation has been so far, and how much clients have asked for: what limits are chosen from, before they are enforced.

import { createOperationLabels, type OperationLabels } from './operation-labels.ts';

/** What is recorded of an operation: the figures that limits bound. */
export const RECORDED = ['cost', 'depth', 'aliases', 'rootFields', 'directives', 'tokens'] as const;
export type RecordedFigure = (typeof RECORDED)[number];

export type OperationRecord = { calls: number } & Record<RecordedFigure, number>;

export type OperationRecords = OperationLabels & {
  /** Takes an operation that is about to be executed, and returns its label. */
  add(name: string | undefined, figures: Readonly<Record<RecordedFigure, number>>): string;
  /** Takes how much one client has had in a window. */
  addUsage(window: string, used: number): void;
  /** By name, the largest of each figure. */
  entries(): Iterable<[name: string, record: OperationRecord]>;
  /** By window, the most that one client has had. */
  usages(): Iterable<[window: string, most: number]>;
};

/** `knownNames`: see createOperationLabels. */
export function createOperationRecords(knownNames: readonly string[] = []): OperationRecords {
  const records = new Map<string, OperationRecord>();
  const most = new Map<string, number>();
  const labels = createOperationLabels(knownNames);
  return {
    ...labels,
    add(name, figures) {
      const label = labels.learn(name);
      const known = records.get(label);
      if (!known) {
        records.set(label, { calls: 1, ...figures });
        return label;
      }
      known.calls++;
      for (const figure of RECORDED) if (figures[figure] > known[figure]) known[figure] = figures[figure];
      return label;
    },
    addUsage(window, used) {
      if (used > (most.get(window) ?? 0)) most.set(window, used);
    },
    entries: () => records,
    usages: () => most,
  };
}
