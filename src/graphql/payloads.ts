import type { OutputRef } from '@pothos/core';
import type { MaybePromise } from '../batching/maybe-promise.ts';
import { ClientError } from '../errors.ts';
import { builder } from './builder.ts';
import type { Context } from './context.ts';

/**
 * Declares what a mutation answers that has written one object: `{ spa }`. A verb returns the object's id, and `load` reads it back, so
 * that the answer shows what was written.
 */
export function writtenPayload<R extends object>(
  name: string,
  { field, type, load }: { field: string; type: OutputRef<R>; load: (ctx: Context) => { load: (id: number) => MaybePromise<R | null> } },
) {
  return builder.objectRef<{ id: number }>(name).implement({
    description: 'What was written.',
    fields: (t) => ({
      [field]: t.field({
        type: type as OutputRef<object>,
        description: 'As it is now.',
        resolve: async ({ id }, _args, ctx) => {
          const row = await load(ctx).load(id);
          if (!row) throw new ClientError('NOT_FOUND', 'It was written, and somebody has deleted it since.');
          return row;
        },
      }),
    }),
  });
}

/** Declares what a mutation answers that has deleted one object. */
export function deletedPayload(name: string) {
  return builder.objectRef<{ deletedId: string }>(name).implement({
    description: 'What was deleted.',
    fields: (t) => ({ deletedId: t.exposeID('deletedId', { description: 'The id of what is gone.' }) }),
  });
}
