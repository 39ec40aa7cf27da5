import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import { type MaybePromise, when } from '../batching/maybe-promise.ts';
import { RateLimited } from '../errors.ts';
import { type Endable, onRequestEnd } from '../gateway/http/request-end.ts';
import type { Context } from '../graphql/context.ts';
import type { Limits } from '../limits/limits.ts';
import { createPlaces } from '../limits/places.ts';

/** Holds the places of clients. */
export type SubscriptionPlaces = {
  /** Takes one of `max` and tells whether there was one. Where it rejects, one may have been taken. */
  takePlace(key: string, max: number): MaybePromise<boolean>;
  givePlaceBack(key: string): void;
};

type Options = {
  limits: Limits;
  /** Subscriptions of a client that are open at once. Default 20. */
  max?: number;
  /** Default: places of this process. */
  places?: SubscriptionPlaces;
  /** Told of each that opens, as 1, and of each that ends, as -1. */
  onChange?: (by: 1 | -1) => void;
};

/** When whoever has too many may look again: they end when somebody closes them. */
const RETRY_AFTER_MS = 60_000;

/** Bounds how many subscriptions a client holds open: they stay, and each event is work for each of them. */
export function useSubscriptionLimit({ limits, max = 20, places = ownPlaces(), onChange }: Options): Plugin<Context> {
  /** Whoever holds the places may be too busy to say, or gone: then nobody is refused. */
  const take = (key: string): MaybePromise<'taken' | 'none' | 'unknown'> => {
    const asked = places.takePlace(key, max);
    if (!(asked instanceof Promise)) return asked ? 'taken' : 'none';
    return asked.then(
      (isTaken) => (isTaken ? 'taken' : 'none'),
      () => {
        places.givePlaceBack(key);
        return 'unknown';
      },
    );
  };

  return {
    onSubscribe({ args, setResultAndStopExecution }) {
      const context = args.contextValue as Context & Endable;
      const { client } = context;
      return when(take(client.key), (place) => {
        if (place === 'none' && limits.isRefused('subscriptions')) {
          setResultAndStopExecution({ errors: [new RateLimited('open subscriptions', RETRY_AFTER_MS)] });
          return;
        }
        let isOpen = true;
        onChange?.(1);
        const end = () => {
          if (!isOpen) return;
          isOpen = false;
          onChange?.(-1);
          if (place === 'taken') places.givePlaceBack(client.key);
        };
        // Whatever becomes of it: a client that leaves, or a plugin that fails, before there is a stream ends none.
        onRequestEnd(context, end);
        return {
          onSubscribeResult({ result }) {
            if (!isAsyncIterable(result)) end();
            return { onEnd: end };
          },
        };
      });
    },
  };
}

function ownPlaces(): SubscriptionPlaces {
  const places = createPlaces();
  return { takePlace: (key, max) => places.take(0, key, max), givePlaceBack: (key) => places.giveBack(0, key) };
}
