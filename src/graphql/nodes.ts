import type { ObjectRef } from '@pothos/core';
import { z } from 'zod';
import { builder, type SchemaTypes } from './builder.ts';
import { cacheFor } from './cache-hints.ts';
import { costs } from './cost-hints.ts';
import { anyId, encodeId } from './ids.ts';
import { type LoadNode, loadNode, registerNodeType } from './node-types.ts';

const MAX_IDS = 100;

/**
 * Makes a type a Node: with a global id, and found by `node` and `nodes` where `load` shows it to the viewer. Relay's `nodeRef` would
 * give it an id that every object waits for: here it is a plain function of the row.
 */
export function asNode(
  type: ObjectRef<PothosSchemaTypes.ExtendDefaultTypes<SchemaTypes>, { id: number }>,
  typename: string,
  load: LoadNode,
): void {
  type.addInterfaces([builder.nodeInterfaceRef()]);
  builder.objectField(type, 'id', (t) =>
    t.id({
      description: 'Unique among all objects; `node(id:)` finds the object again.',
      resolve: ({ id }) => encodeId(typename, id),
    }),
  );
  registerNodeType(typename, load);
}

builder.queryFields((t) => ({
  node: t.field({
    extensions: cacheFor('inherit'),
    type: builder.nodeInterfaceRef(),
    nullable: true,
    args: { id: t.arg.id({ required: true, description: 'The id of any object.' }).validate(anyId) },
    description: 'Finds an object by its id; null when there is none, or when it is not for the viewer.',
    resolve: (_root, { id }, ctx) => loadNode(ctx, id),
  }),
  nodes: t.field({
    extensions: { ...cacheFor('inherit'), ...costs({ multiplier: 'ids', max: MAX_IDS }) },
    type: [builder.nodeInterfaceRef()],
    nullable: { list: false, items: true },
    args: {
      ids: t.arg
        .idList({ required: true, description: `The ids of up to ${MAX_IDS} objects.` })
        .validate(z.array(anyId).max(MAX_IDS, `At most ${MAX_IDS}.`)),
    },
    description: 'Finds several objects by their ids, in that order, with null for each that is not to be seen.',
    resolve: (_root, { ids }, ctx) => ids.map((id) => loadNode(ctx, id)),
  }),
}));
