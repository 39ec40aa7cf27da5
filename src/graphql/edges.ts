// Edges that are read before they are resolved. When a page has come, what the edges of its rows lead to is loaded for all of them
// together, and then the executor gets the page: every edge finds its row at hand, where else each would wait for a promise of its
// own, sixty for a page of twenty certificates. What is loaded, when, and who may see it stays the same: resolvers load and decide
// as ever, and what is not loaded here they load themselves.

import {
  type FieldNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLResolveInfo,
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import { type MaybePromise, when } from '../batching/maybe-promise.ts';
import type { HasLoaders, Loader } from '../batching/request-loaders.ts';

/** How the object of an edge is found from the row that it starts at: by the loader, with the key that the row has in a column. */
type Edge = { loader: (ctx: HasLoaders) => Loader<number, unknown>; key: string };

/** The `extensions` of a field whose object is found by a column of its row. */
export const edgeBy = (loader: Edge['loader'], key: string) => ({ edge: { loader, key } });

type Info = Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments' | 'returnType' | 'schema'>;

/** A document does not change: the edges below a field of it are found once. */
const planned = new WeakMap<FieldNode, readonly Edge[]>();

/** Loads what the selected edges of a page's rows lead to, and continues with the rows. `info`: of the connection field. */
export function withEdges<R extends object>(ctx: HasLoaders, info: Info, rows: readonly R[]): MaybePromise<readonly R[]> {
  const [field] = info.fieldNodes;
  if (!field || rows.length === 0) return rows;
  const loading: Promise<void>[] = [];
  for (const { loader, key } of planned.getOrInsertComputed(field, () => edgesBelow(info))) {
    const keys = new Set(rows.map((row) => Reflect.get(row, key) as number | null));
    keys.delete(null);
    const loads = loader(ctx).loadAll(keys as Set<number>);
    if (loads) loading.push(loads);
  }
  return when(loading.length === 0 ? undefined : Promise.all(loading), () => rows);
}

type Selected = { field: GraphQLField<unknown, unknown>; type: GraphQLNamedType; selectionSets: SelectionSetNode[] };

function edgesBelow({ fieldNodes, fragments, returnType, schema }: Info): Edge[] {
  const below = ({ type, selectionSets }: Pick<Selected, 'type' | 'selectionSets'>): Map<string, Selected> => {
    const found = new Map<string, Selected>();
    // Fragments may spread others twice, sixty levels deep: what was visited once has nothing new.
    const visited = new Set<SelectionSetNode>();
    const visit = (selectionSet: SelectionSetNode): void => {
      if (visited.has(selectionSet)) return;
      visited.add(selectionSet);
      for (const selection of selectionSet.selections) {
        // What a directive may leave out is left to its resolver.
        if (selection.directives?.length) continue;
        if (selection.kind === Kind.FIELD) add(selection);
        else {
          const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments[selection.name.value];
          if (fragment && isAlways(fragment.typeCondition?.name.value)) visit(fragment.selectionSet);
        }
      }
    };
    /** Whether every object of the type is of the condition's type too. */
    const isAlways = (name: string | undefined) => {
      const condition = name === undefined ? type : schema.getType(name);
      return (
        condition === type ||
        (isAbstractType(condition) && (isObjectType(type) || isInterfaceType(type)) && schema.isSubType(condition, type))
      );
    };
    const add = ({ name, selectionSet }: FieldNode) => {
      const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[name.value] : undefined;
      if (!field) return;
      const selected = found.getOrInsertComputed(name.value, () => ({ field, type: getNamedType(field.type), selectionSets: [] }));
      if (selectionSet) selected.selectionSets.push(selectionSet);
    };
    selectionSets.forEach(visit);
    return found;
  };

  const connection = below({
    type: getNamedType(returnType),
    selectionSets: fieldNodes.flatMap(({ selectionSet }) => selectionSet ?? []),
  });
  const edges = connection.get('edges');
  const nodes = [connection.get('nodes'), edges && below(edges).get('node')].filter((selected) => selected !== undefined);
  const found = new Map<string, Edge>();
  for (const node of nodes) {
    for (const [name, { field }] of below(node)) if (field.extensions.edge) found.set(name, field.extensions.edge as Edge);
  }
  return [...found.values()];
}
