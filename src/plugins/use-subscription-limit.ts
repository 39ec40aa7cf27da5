import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import { RateLimited } from '../errors.ts';
import type { Context } from '../graphql/context.ts';
import type { Limits } from '../limits/limits.ts';

type Options = {
  limits: Limits;
  /** Subscriptions of a client that are open at once. Default 20. */
  max?: number;
  /** Told of each that opens, as 1, and of each that ends, as -1. */
  onChange?: (by: 1 | -1) => void;
};

/** When whoever has too many may look again: they end when somebody closes them. */
const RETRY_AFTER_MS = 60_000;

/** Bounds how many subscriptions a client holds open: they stay, and each event is work for each of them. */
export function useSubscriptionLimit({ limits, max = 20, onChange }: Options): Plugin<Context> {
  const open = new Map<string, number>();

  /** Counts one; returns how to take it back, which may be called again. */
  const add = (key: string) => {
    open.set(key, (open.get(key) ?? 0) + 1);
    onChange?.(1);
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      onChange?.(-1);
      const left = (open.get(key) ?? 1) - 1;
      if (left > 0) open.set(key, left);
      else open.delete(key);
    };
  };

  return {
    onSubscribe({ args, setResultAndStopExecution }) {
      const { client, request } = args.contextValue as Context & { request: Request };
      if ((open.get(client.key) ?? 0) >= max && limits.isRefused('subscriptions')) {
        setResultAndStopExecution({ errors: [new RateLimited('open subscriptions', RETRY_AFTER_MS)] });
        return;
      }
      const remove = add(client.key);
      // A client that goes away before there is a stream ends none.
      if (request.signal?.aborted) remove();
      else request.signal?.addEventListener('abort', remove, { once: true });
      return {
        onSubscribeResult({ result }) {
          if (!isAsyncIterable(result)) remove();
          return { onEnd: remove };
        },
        onSubscribeError: remove,
      };
    },
  };
}
