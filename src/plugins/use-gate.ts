import { getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Context } from '../graphql/context.ts';

type Options = {
  /** Queries that are executed at once. Default 128. */
  maxQueries?: number;
};

/**
 * Executes so many queries at once; the others wait for their turn, first come, first served, however many they are. What runs takes
 * memory, and the collector of garbage copies all of it again and again: beyond some number, more at once serves nobody sooner.
 * Mutations do not wait: a password takes its time.
 */
export function useGate({ maxQueries = 128 }: Options = {}): Plugin<Context> {
  const gate = createGate(maxQueries);
  return {
    onExecute({ args, executeFn, setExecuteFn }) {
      if (getOperationAST(args.document, args.operationName)?.operation !== 'query') return;
      setExecuteFn((given) =>
        gate(async () => {
          // Whoever has left meanwhile is not served.
          (given.contextValue as Context & { request?: Request }).request?.signal?.throwIfAborted();
          return await executeFn(given);
        }),
      );
    },
  };
}

function createGate(places: number) {
  const waiting: (() => void)[] = [];
  let free = places;
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      // Whoever waits takes the place over.
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}
