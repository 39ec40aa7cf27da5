// What an operation costs at most, as a function of the sizes that its variables give to lists. What hangs on no variable is summed
// once: the first page of a list and all that is below it are one multiplication.

import type { Below, Shape, ShapeField } from './cost-shapes.ts';
import type { Size } from './list-sizes.ts';

type ReadSizes = readonly number[];
/** A number, or the result of a step. */
type Amount = number | { step: number };
type Step = (sizes: ReadSizes, results: readonly number[]) => number;

/** Compiles the shapes of an operation, each behind those that it is made of. The estimate may be Infinity. */
export function compileEstimate(shapes: readonly Shape[], root: Shape): (sizes: ReadSizes) => number {
  const steps: Step[] = [];
  const amounts: Amount[] = [];
  const step = (one: Step): Amount => ({ step: steps.push(one) - 1 });

  const ofBelow = (below: Below | undefined): Amount => {
    const candidates = below?.shapes.map(({ id }) => amounts[id] as Amount) ?? [0];
    const most = Math.max(...candidates.filter((one) => typeof one === 'number'), 0);
    const open = candidates.filter((one) => typeof one !== 'number');
    const [only] = open;
    if (!only) return most;
    if (candidates.length === 1) return only;
    return step((_sizes, results) => open.reduce((max, one) => Math.max(max, results[one.step] as number), most));
  };
  const ofField = ({ own, items, below, unless }: ShapeField): Amount => {
    if (unless && unless.length > 0) return 0;
    const each = ofBelow(below);
    const count = items ?? 1;
    const first = items === undefined ? 0 : 1;
    if (typeof count === 'number' && typeof each === 'number') return own + times(count, first + each);
    return step(
      (sizes, results) => own + times(sizeIn(sizes, count), first + (typeof each === 'number' ? each : (results[each.step] as number))),
    );
  };
  const ofShape = ({ fields }: Shape): Amount => {
    const parts = fields.map(ofField);
    const fixed = parts.reduce<number>((sum, one) => (typeof one === 'number' ? sum + one : sum), 0);
    const open = parts.filter((one) => typeof one !== 'number');
    return open.length === 0 ? fixed : step((_sizes, results) => open.reduce((sum, one) => sum + (results[one.step] as number), fixed));
  };

  for (const shape of shapes) amounts[shape.id] = ofShape(shape);
  const total = amounts[root.id] as Amount;
  if (typeof total === 'number') return () => total;
  return (sizes) => {
    const results: number[] = [];
    for (const one of steps) results.push(one(sizes, results));
    return results[total.step] as number;
  };
}

export const sizeIn = (sizes: ReadSizes, size: Size): number => (typeof size === 'number' ? size : (sizes[size.place] as number));

/** Nothing times infinity is nothing: no object has been asked for. */
const times = (count: number, each: number) => (count === 0 ? 0 : count * each);
