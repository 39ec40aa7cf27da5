import type { Plugin } from 'graphql-yoga';
import type { Context } from '../graphql/context.ts';
import type { LaneContext } from '../http/fast-lane.ts';
import type { Params } from '../http/operation-request.ts';
import type { PersistedDocuments } from '../persisted/persisted-documents.ts';

/** Finds the text of documents that come as a hash, where the fast lane has not done so, and keeps new ones that proved valid. */
export function usePersistedDocuments(documents: PersistedDocuments): Plugin<Context> {
  return {
    async onParams({ params, setParams, context }) {
      // What is no object is refused afterwards.
      if ((context as LaneContext).isResolved || typeof params !== 'object' || params === null) return;
      setParams((await documents.resolve(params as Params)) as typeof params);
    },
    onExecute({ args }) {
      return documents.accepted((args.contextValue as { params: object }).params);
    },
    onSubscribe({ args }) {
      return documents.accepted((args.contextValue as { params: object }).params);
    },
  };
}
