import type { GraphQLTypeResolver } from 'graphql';
import type { MaybePromise } from '../batching/maybe-promise.ts';
import type { Context } from './context.ts';

/** Finds an object by the number in its id, where the viewer may see it. */
export type LoadNode = (ctx: Context, id: number) => MaybePromise<object | null>;

const loaders = new Map<string, LoadNode>();
const typeOf = new WeakMap<object, string>();

/** Makes objects of a type known to `node` and `nodes`. */
export function registerNodeType(typename: string, load: LoadNode): void {
  loaders.set(typename, load);
}

export const isNodeType = (typename: string) => loaders.has(typename);

/** The object behind an id; null when there is none or the viewer may not see it. */
export async function loadNode(ctx: Context, { typename, id }: { typename: string; id: number }): Promise<object | null> {
  const node = (await loaders.get(typename)?.(ctx, id)) ?? null;
  // Rows are shared and carry no type: which one was asked for is kept beside them.
  if (node) typeOf.set(node, typename);
  return node;
}

export const resolveNodeType: GraphQLTypeResolver<unknown, Context> = (node) => typeOf.get(node as object);
