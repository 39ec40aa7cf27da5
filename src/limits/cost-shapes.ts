// An operation as its costs see it: for each type, which fields cost something, and what is below them. Fragments are written out, a
// field that is selected twice is one, as it is for the executor, and what costs nothing is left out. Shapes that are the same are one
// object, however often they are spread, so that a document of a thousand words has hundreds of shapes and not 2 to the power of them.

import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { costOfField, introspectionCost, isPageList, type Place } from './field-costs.ts';
import type { Size, Sizes } from './list-sizes.ts';

/** What is selected of objects of one type. */
export type Shape = { id: number; fields: readonly ShapeField[] };
/** What is selected of an object whose type is one of several; `byType` where the answer names the type, under `typename`. */
export type Below = { key: string; shapes: readonly Shape[]; typename?: string; byType?: ReadonlyMap<string, Shape> };
export type ShapeField = {
  /** Under which name it is in the answer. */
  name: string;
  own: number;
  items?: Size;
  below?: Below;
  /** Whether it has cost something even where it came to nothing: a refused password has been hashed. */
  isDue?: true;
  /** It makes the connection read a page of `items` rows unless one of these, which show the rows, is there. */
  unless?: readonly string[];
};

/** How many selections may be visited to compile an operation, each once for each type: a few milliseconds. */
const MAX_VISITS = 10_000;
/** Fields within each other: the compiler calls itself for each. */
const MAX_LEVELS = 200;

type Found = { shape: Shape; typenames: readonly string[] };

/**
 * The shapes of an operation, each behind those that it is made of, and the one of its root. Undefined where it is too large to find
 * out. A document that is not valid has some shapes or none.
 */
export function shapesOf(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  sizes: Sizes,
): { shapes: readonly Shape[]; root: Shape } | undefined {
  const shapes: Shape[] = [];
  const interned = new Map<string, Shape>();
  const known = new Map<string, Found>();
  const selectionIds = new Map<SelectionSetNode, number>();
  let visits = 0;
  let isTooLarge = false;

  const idOf = (selectionSet: SelectionSetNode) => selectionIds.getOrInsertComputed(selectionSet, () => selectionIds.size);
  const intern = (fields: readonly ShapeField[]): Shape => {
    const key = fields.map(keyOfField).join(' ');
    return interned.getOrInsertComputed(key, () => {
      const shape = { id: shapes.length, fields };
      shapes.push(shape);
      return shape;
    });
  };

  const shapeOf = (type: GraphQLObjectType, selectionSets: readonly SelectionSetNode[], place: Place, level: number): Found => {
    const key = `${type.name} ${place.of === 'page' ? keyOf(place.size) : place.of} ${selectionSets.map(idOf).join()}`;
    const before = known.get(key);
    if (before) return before;
    const { fields, typenames } = collect(type, selectionSets);
    if (level > MAX_LEVELS || visits > MAX_VISITS) isTooLarge = true;
    if (isTooLarge) return { shape: intern([]), typenames: [] };
    const costed = Array.from(fields, ([name, nodes]) => fieldOf(type, name, nodes, place, level)).filter((one) => one !== undefined);
    const shape = intern(place.of === 'page' ? withUnseen(place.size, costed, type, fields) : costed);
    const found = { shape, typenames };
    known.set(key, found);
    return found;
  };

  const fieldOf = (
    type: GraphQLObjectType,
    name: string,
    nodes: readonly FieldNode[],
    place: Place,
    level: number,
  ): ShapeField | undefined => {
    const [node] = nodes as [FieldNode];
    const apart = introspectionCost(node.name.value);
    if (apart !== undefined) return apart > 0 ? { name, own: apart } : undefined;
    const field = type.getFields()[node.name.value];
    if (!field) return undefined;
    const cost = costOfField(field, node, place, sizes);
    const named = getNamedType(field.type);
    const selectionSets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    const below = isCompositeType(named) ? belowOf(named, selectionSets, cost.below, level + 1) : undefined;
    if (cost.own === 0 && cost.items === undefined && !below) return undefined;
    return { name, own: cost.own, items: cost.items, below, ...(place.of === 'mutation' && { isDue: true }) };
  };

  const belowOf = (
    type: GraphQLCompositeType,
    selectionSets: readonly SelectionSetNode[],
    place: Place,
    level: number,
  ): Below | undefined => {
    const types = isObjectType(type) ? [type] : schema.getPossibleTypes(type);
    const found = types.map((one) => ({ type: one.name, ...shapeOf(one, selectionSets, place, level) }));
    const distinct = [...new Set(found.map(({ shape }) => shape))];
    const [only] = distinct;
    if (!only) return undefined;
    if (distinct.length === 1) return only.fields.length === 0 ? undefined : { key: `${only.id}`, shapes: distinct };
    const typename = found[0]?.typenames.find((name) => found.every(({ typenames }) => typenames.includes(name)));
    const byType = new Map(found.map((one) => [one.type, one.shape]));
    const key = `(${typename} ${Array.from(byType, ([name, { id }]) => `${name}=${id}`)})`;
    return { key, shapes: distinct, typename, byType };
  };

  const collect = (type: GraphQLObjectType, selectionSets: readonly SelectionSetNode[]) => {
    const fields = new Map<string, FieldNode[]>();
    const typenames: string[] = [];
    const spread = new Set<string>();
    const open = selectionSets.toReversed();
    for (let next = open.pop(); next && visits <= MAX_VISITS; next = open.pop()) {
      for (const selection of next.selections) {
        visits++;
        if (selection.kind === Kind.FIELD) {
          const name = (selection.alias ?? selection.name).value;
          fields.getOrInsertComputed(name, () => []).push(selection);
          if (selection.name.value === '__typename') typenames.push(name);
        } else if (selection.kind === Kind.INLINE_FRAGMENT) {
          if (isOf(type, selection.typeCondition?.name.value)) open.push(selection.selectionSet);
        } else if (!spread.has(selection.name.value)) {
          spread.add(selection.name.value);
          const fragment = fragments.get(selection.name.value);
          if (fragment && isOf(type, fragment.typeCondition.name.value)) open.push(fragment.selectionSet);
        }
      }
    }
    return { fields, typenames };
  };

  const isOf = (type: GraphQLObjectType, name: string | undefined): boolean => {
    const condition = name === undefined ? type : schema.getType(name);
    return condition === type || (isAbstractType(condition) && schema.isSubType(condition, type));
  };

  const type = schema.getRootType(operation.operation);
  if (!type) return undefined;
  const { shape: root } = shapeOf(type, [operation.selectionSet], { of: operation.operation }, 1);
  return isTooLarge ? undefined : { shapes, root };
}

const keyOf = (size: Size | undefined) => (typeof size === 'object' ? `$${size.place}` : `${size}`);
const keyOfField = ({ name, own, items, below, isDue, unless }: ShapeField) =>
  `${name}:${own}:${keyOf(items)}:${below?.key}:${isDue}:${unless}`;

/** `pageInfo` costs nothing beside the rows of its page, and as much as they where nothing else shows them. */
function withUnseen(
  size: Size,
  costed: readonly ShapeField[],
  type: GraphQLObjectType,
  selected: ReadonlyMap<string, readonly FieldNode[]>,
): ShapeField[] {
  const named = (is: (name: string) => boolean) =>
    Array.from(selected)
      .filter(([, [node]]) => node && is(node.name.value))
      .map(([name]) => name);
  const [info, ...others] = named((name) => name === 'pageInfo');
  const lists = named((name) => {
    const field = type.getFields()[name];
    return field !== undefined && isPageList(field);
  });
  const rest = costed.filter(({ name }) => name !== info && !others.includes(name));
  return info === undefined ? rest : [...rest, { name: info, own: 0, items: size, unless: lists }];
}
