import { setMaxListeners } from 'node:events';
import { createRedisEventTarget } from '@graphql-yoga/redis-event-target';
import { createPubSub } from 'graphql-yoga';
import { Redis } from 'ioredis';
import { StartError } from '../errors.ts';
import type { Log } from '../log.ts';

/** Messages between requests, by topic. A payload is JSON, because it may travel through Redis. */
export type Topics = Record<string, [payload: Record<string, number | string | null>]>;

type Target = NonNullable<NonNullable<Parameters<typeof createPubSub<Topics>>[0]>['eventTarget']>;
type Listener = (event: Parameters<Target['dispatchEvent']>[0]) => void;

/** Takes events to the other processes of this machine, and brings theirs. */
type Relay = {
  sendEvent(event: { topic: string; payload: unknown }): void;
  onEvent(listener: (event: { topic: string; payload: unknown }) => void): void;
};

/**
 * Messages between requests: through Redis for all gateways that share one, else within this process and those that `relay` reaches.
 * Throws StartError when Redis does not answer.
 */
export async function openPubSub(redisUrl: string | undefined, log: Log, relay?: Relay) {
  if (redisUrl === undefined)
    return { pubSub: createPubSub<Topics>({ eventTarget: tolerant(localTarget(relay), log) }), close: async () => undefined };
  const [publishClient, subscribeClient] = [open(redisUrl, log), open(redisUrl, log)];
  try {
    await Promise.all([publishClient.connect(), subscribeClient.connect()]);
  } catch (error) {
    publishClient.disconnect();
    subscribeClient.disconnect();
    throw new StartError(`Redis does not answer (${(error as Error).message}). Start it, check REDIS_URL, or set REDIS_ENABLED=false.`);
  }
  const close = async () => void (await Promise.allSettled([publishClient.quit(), subscribeClient.quit()]));
  const eventTarget: Target = createRedisEventTarget({ publishClient, subscribeClient });
  return { pubSub: createPubSub<Topics>({ eventTarget: tolerant(eventTarget, log) }), close };
}

function localTarget(relay?: Relay): Target {
  const target = new EventTarget() as Target;
  if (!relay) return target;
  const dispatch = target.dispatchEvent.bind(target);
  relay.onEvent(({ topic, payload }) => void dispatch(new CustomEvent(topic, { detail: payload }) as never));
  target.dispatchEvent = (event) => {
    relay.sendEvent({ topic: event.type, payload: event.detail });
    return dispatch(event);
  };
  return target;
}

function open(redisUrl: string, log: Log): Redis {
  const client = new Redis(redisUrl, { lazyConnect: true, maxRetriesPerRequest: 1, connectTimeout: 3000 });
  client.on('error', (error) => log.warn({ err: error }, 'Redis does not answer'));
  // The event target leaves the promises of these to themselves: a rejection that nobody handles would end the process.
  for (const name of ['publish', 'subscribe', 'unsubscribe'] as const) {
    const send = client[name];
    Reflect.set(client, name, (...args: unknown[]) =>
      Promise.resolve(Reflect.apply(send, client, args)).catch((error) =>
        log.warn({ err: error, command: name }, 'an event could not travel through Redis'),
      ),
    );
  }
  return client;
}

/** A subscriber that reads too slowly misses events. Its listener throws when its queue is full, which would end the process. */
function tolerant(target: Target, log: Log): Target {
  // Each subscription is a listener, and there may be many.
  if (target instanceof EventTarget) setMaxListeners(0, target);
  const wrapped = new Map<unknown, Listener>();
  return {
    dispatchEvent: (event) => target.dispatchEvent(event),
    addEventListener(topic, listener) {
      const call = typeof listener === 'function' ? listener : listener?.handleEvent.bind(listener);
      const tolerantly: Listener = (event) => {
        try {
          call?.(event as never);
        } catch (error) {
          log.warn({ err: error, topic }, 'a subscriber is too slow, and misses an event');
        }
      };
      wrapped.set(listener, tolerantly);
      target.addEventListener(topic, tolerantly as never);
    },
    removeEventListener(topic, listener) {
      target.removeEventListener(topic, (wrapped.get(listener) ?? listener) as never);
      wrapped.delete(listener);
    },
  };
}
