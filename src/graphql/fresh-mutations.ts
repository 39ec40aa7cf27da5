// A Pothos plugin: a mutation is begun only while its client waits for the answer. After each one the request forgets what it had read,
// so that the answer shows what was written, and shared caches have dropped it before the answer says that it is done.

import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from '@pothos/core';
import type { GraphQLFieldResolver } from 'graphql';
import type { HasLoaders } from '../batching/request-loaders.ts';
import { markApplied } from '../gateway/operation/errors/after-write.ts';
import type { Context } from './context.ts';

const pluginName = 'freshMutations';

declare global {
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      freshMutations: FreshMutationsPlugin<Types>;
    }
  }
}

export class FreshMutationsPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override wrapResolve(
    resolver: GraphQLFieldResolver<unknown, Types['Context'], object>,
    field: PothosOutputFieldConfig<Types>,
  ): typeof resolver {
    if (field.kind !== 'Mutation') return resolver;
    return async (parent, args, ctx, info) => {
      // The mutation before it may have taken all of the time, or its client may have left: the executor goes on to this one.
      (ctx as HasLoaders).loaders.throwIfLeft();
      const settle = async () => {
        (ctx as HasLoaders).loaders.clear();
        await (ctx as Context).announced();
      };
      let written: unknown;
      try {
        written = await resolver(parent, args, ctx, info);
      } catch (error) {
        // Why it failed is what the client asks, not why caches were not told.
        await settle().catch(() => undefined);
        throw error;
      }
      markApplied(ctx, info.path.key);
      await settle();
      return written;
    };
  }
}

SchemaBuilder.registerPlugin(pluginName, FreshMutationsPlugin);

export default pluginName;
