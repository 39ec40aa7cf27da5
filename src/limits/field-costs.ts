// What a field costs by itself, and where the lists below it take their sizes from: from the form of the schema, and from hints.

import {
  type FieldNode,
  type GraphQLField,
  getNamedType,
  getNullableType,
  isInterfaceType,
  isLeafType,
  isListType,
  isObjectType,
  type OperationTypeNode,
} from 'graphql';
import { DEFAULT_FIRST, MAX_FIRST } from '../graphql/connections.ts';
import { type CostHint, costHintOf } from '../graphql/cost-hints.ts';
import type { Size, Sizes } from './list-sizes.ts';

type Field = GraphQLField<unknown, unknown>;

/** What the fields of a selection belong to: a root, a page of a connection, an entry of a page, or any other object. */
export type Place = { of: OperationTypeNode | 'edge' | 'object' } | { of: 'page'; size: Size };

export type FieldCost = {
  /** Each time that the field is resolved to something. */
  own: number;
  /** For a list of objects: how many, each of which costs 1 and what is selected of it. */
  items?: Size;
  /** Where the fields that are selected of it are. */
  below: Place;
};

const PAGE_ARGS: readonly string[] = ['first', 'last'];
const OBJECT: Place = { of: 'object' };
const EDGE: Place = { of: 'edge' };
/** An object that a loader finds by a column of its row, together with those of all other rows. */
const EDGE_WEIGHT = 0.25;
const MUTATION_WEIGHT = 10;
const LIST_SIZE = 10;
/** Whatever is selected of them. */
const INTROSPECTION: Record<string, number> = { __schema: 100, __type: 10, __typename: 0 };

export const introspectionCost = (name: string): number | undefined =>
  Object.hasOwn(INTROSPECTION, name) ? INTROSPECTION[name] : undefined;

/** What a field costs, where it is selected. */
export function costOfField(field: Field, node: FieldNode, place: Place, sizes: Sizes): FieldCost {
  const { hint, kind, isNode } = known.getOrInsertComputed(field, factsOf);
  const least = place.of === 'mutation' ? MUTATION_WEIGHT : 0;
  if (kind === 'leaf') return { own: hint.weight ?? least, below: OBJECT };
  if (kind === 'list') {
    const isPage = place.of === 'page' && isPageName(field.name);
    const items = isPage ? place.size : sizeOfList(field, node, hint, sizes);
    return { own: hint.weight ?? least, items, below: isPage && field.name === 'edges' ? EDGE : OBJECT };
  }
  if (kind === 'connection') {
    const size = sizes.sizeOf(field, node, PAGE_ARGS, { fallback: DEFAULT_FIRST, max: MAX_FIRST });
    return { own: hint.weight ?? least, below: { of: 'page', size } };
  }
  return { own: hint.weight ?? ownOfObject(field, isNode, place), below: OBJECT };
}

function ownOfObject({ name, args }: Field, isNode: boolean, { of }: Place): number {
  if (of === 'mutation') return MUTATION_WEIGHT;
  // The entry has been counted, and this is its object.
  if (of === 'edge' && name === 'node') return 0;
  return isNode && args.length === 0 && of !== 'query' && of !== 'subscription' ? EDGE_WEIGHT : 1;
}

function sizeOfList(field: Field, node: FieldNode, { size = LIST_SIZE, multiplier, max }: CostHint, sizes: Sizes): Size {
  if (multiplier) return sizes.sizeOf(field, node, [multiplier], { fallback: size, max: max ?? Number.POSITIVE_INFINITY });
  return sizes.sizeOf(field, node, PAGE_ARGS, { fallback: size, max: max ?? MAX_FIRST });
}

/** What a field of the schema is, wherever it is selected. */
type Facts = { hint: CostHint; kind: 'leaf' | 'list' | 'connection' | 'object'; isNode: boolean };
const known = new WeakMap<Field, Facts>();

function factsOf(field: Field): Facts {
  const named = getNamedType(field.type);
  const hint = costHintOf(field);
  if (isLeafType(named)) return { hint, kind: 'leaf', isNode: false };
  const isNode = (isObjectType(named) || isInterfaceType(named)) && [named, ...named.getInterfaces()].some(({ name }) => name === 'Node');
  if (isListType(getNullableType(field.type))) return { hint, kind: 'list', isNode };
  return { hint, kind: isConnection(field) ? 'connection' : 'object', isNode };
}

/** A field with `first` or `last` whose object has `nodes` or `edges`. */
function isConnection(field: Field): boolean {
  const type = getNamedType(field.type);
  return isObjectType(type) && field.args.some(({ name }) => PAGE_ARGS.includes(name)) && Object.values(type.getFields()).some(isPageList);
}

const isPageName = (name: string) => name === 'nodes' || name === 'edges';
/** Whether a field of a connection is a list of its page. */
export const isPageList = ({ name, type }: Field) => isPageName(name) && isListType(getNullableType(type));
