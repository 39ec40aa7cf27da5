import { getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Context } from '../graphql/context.ts';

/** Executes so many queries at once. */
export type Gate = {
  /** Runs `work` when it is the caller's turn. */
  run<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** How long whoever waits longest has waited, in milliseconds. */
  oldestWaitMs(): number;
};

/**
 * Executes so many queries at once; the others wait for their turn, however many they are. What runs takes memory, and the collector of
 * garbage copies all of it again and again: beyond some number, more at once serves nobody sooner. Clients take turns, so that one
 * that asks for much waits for itself. Mutations do not wait: a password takes its time.
 */
export function useGate(gate: Gate): Plugin<Context> {
  return {
    onExecute({ args, executeFn, setExecuteFn }) {
      if (getOperationAST(args.document, args.operationName)?.operation !== 'query') return;
      setExecuteFn((given) => {
        const { client, loaders } = given.contextValue as Context;
        return gate.run(client.key, async () => {
          // Whoever has left meanwhile is not served.
          loaders.throwIfLeft();
          return await executeFn(given);
        });
      });
    },
  };
}

type Waiter = { since: number; start: () => void };

/** `places`: queries that are executed at once. Default 128. */
export function createGate(places = 128): Gate {
  /** By client, the one whose turn is next first. */
  const waiting = new Map<string, Waiter[]>();
  let free = places;

  /** The next waiter of the next client, who then goes to the back. */
  const next = (): Waiter | undefined => {
    for (const [key, queue] of waiting) {
      const waiter = queue.shift();
      waiting.delete(key);
      if (queue.length > 0) waiting.set(key, queue);
      return waiter;
    }
    return undefined;
  };

  return {
    async run(key, work) {
      if (free > 0) free--;
      else
        await new Promise<void>((start) => {
          waiting.getOrInsertComputed(key, () => []).push({ since: performance.now(), start });
        });
      try {
        return await work();
      } finally {
        // Whoever waits takes the place over.
        const waiter = next();
        if (waiter) waiter.start();
        else free++;
      }
    },
    oldestWaitMs() {
      let oldest = Number.POSITIVE_INFINITY;
      for (const [first] of waiting.values()) if (first && first.since < oldest) oldest = first.since;
      return waiting.size === 0 ? 0 : performance.now() - oldest;
    },
  };
}
