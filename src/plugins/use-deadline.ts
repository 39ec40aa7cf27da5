import { type GraphQLError, getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { DeadlineExceeded } from '../errors.ts';
import { setTimeoutAfterPoll } from '../gateway/timeout-after-poll.ts';
import type { Context } from '../graphql/context.ts';

/**
 * Ends a query or mutation that was not executed in time: what it waits for is given up, up to the statement in PostgreSQL where nobody
 * else waits for it, and its answer is one error. What a mutation has begun to write goes on. A subscription must begin in time; how long
 * it stays open is up to its client. `deadlineMs`: in milliseconds.
 */
export function useDeadline({ deadlineMs }: { deadlineMs: number }): Plugin<Context> {
  async function inTime<T>({ loaders }: Context, isMutation: boolean, run: () => T): Promise<Awaited<T> | { errors: GraphQLError[] }> {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeoutAfterPoll(() => {
      const reason = new DeadlineExceeded(deadlineMs, isMutation);
      loaders.leave(reason);
      reject(reason);
    }, deadlineMs);
    try {
      return await Promise.race([run(), promise]);
    } catch (error) {
      // One error instead of one for each field that was still to come.
      if (error instanceof DeadlineExceeded) return { errors: [error] };
      throw error;
    } finally {
      timer.cancel();
    }
  }

  return {
    onExecute({ args, executeFn, setExecuteFn }) {
      const isMutation = getOperationAST(args.document, args.operationName)?.operation === 'mutation';
      setExecuteFn((given) => inTime(given.contextValue as Context, isMutation, () => executeFn(given)));
    },
    onSubscribe({ subscribeFn, setSubscribeFn }) {
      setSubscribeFn((given) => inTime(given.contextValue as Context, false, () => subscribeFn(given)));
    },
  };
}
