// What an answer has cost: the weights of what came. The walk follows the shapes, and so sees only the fields that cost something.

import { sizeIn } from './cost-estimate.ts';
import type { Below, Shape, ShapeField } from './cost-shapes.ts';

/**
 * Objects that are looked at for one answer. Where an answer does not name its types, each object is looked at as every type that it
 * may be, and objects in it again, which is often only where somebody tries.
 */
const MAX_VISITS = 50_000;

/** The costs of an answer's data, never above the estimate for the same sizes; undefined where they are too much work to find out. */
export function costOfData(root: Shape, data: unknown, sizes: readonly number[]): number | undefined {
  let visits = 0;

  const ofObject = ({ fields }: Shape, object: object): number => {
    let sum = 0;
    for (const field of fields) {
      const value: unknown = Reflect.get(object, field.name);
      if (value === null || value === undefined) sum += field.isDue ? field.own : 0;
      else sum += field.own + (field.items === undefined ? ofBelow(field.below, value) : ofList(field, value, object));
    }
    return sum;
  };
  const ofList = ({ items = 0, below, unless }: ShapeField, value: unknown, object: object): number => {
    const size = sizeIn(sizes, items);
    if (unless) return unless.some((name) => Reflect.get(object, name) !== undefined) ? 0 : size;
    if (!Array.isArray(value)) return 0;
    // A list may be longer than the schema assumes: what was estimated is charged.
    const length = Math.min(value.length, size);
    let sum = 0;
    for (let index = 0; index < length; index++) {
      const item: unknown = value[index];
      if (item !== null && item !== undefined) sum += 1 + ofBelow(below, item);
    }
    return sum;
  };
  const ofBelow = (below: Below | undefined, value: unknown): number => {
    if (below === undefined || typeof value !== 'object' || value === null || ++visits > MAX_VISITS) return 0;
    const [first] = below.shapes as [Shape];
    if (below.shapes.length === 1) return ofObject(first, value);
    const named = below.typename !== undefined && below.byType?.get(Reflect.get(value, below.typename) as string);
    return named ? ofObject(named, value) : Math.max(...below.shapes.map((shape) => ofObject(shape, value)));
  };

  const cost = ofObject(root, typeof data === 'object' && data !== null ? data : {});
  return visits > MAX_VISITS ? undefined : cost;
}
