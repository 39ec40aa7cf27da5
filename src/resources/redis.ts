import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { createRedisEventTarget } from '@graphql-yoga/redis-event-target';
import { createPubSub } from 'graphql-yoga';
import type { Redis } from 'ioredis';
import type { Log } from '../log.ts';
import { openRedisCommands } from './redis-commands.ts';

/** Messages between requests, by topic. A payload is JSON, because it may travel through Redis; `$from` is not for it to use. */
export type Topics = Record<string, [payload: Record<string, number | string | null>]>;

type Target = NonNullable<NonNullable<Parameters<typeof createPubSub<Topics>>[0]>['eventTarget']>;
type Listener = (event: Parameters<Target['dispatchEvent']>[0]) => void;

/** Nobody waits for these commands. */
const COMMAND_TIMEOUT_MS = 5000;
/** How often the connection that only listens is asked for a sign of life: nothing else tells that it is dead. */
const HEARTBEAT_MS = 5000;

/** Takes events to the other processes of this machine, and brings theirs. */
type Relay = {
  sendEvent(event: { topic: string; payload: unknown }): void;
  onEvent(listener: (event: { topic: string; payload: unknown }) => void): void;
};

type PubSubOptions = {
  /** Reaches the other processes of this machine, where no Redis reaches all gateways. */
  relay?: Relay;
  /** In milliseconds. Default 5000. */
  heartbeatMs?: number;
};

/**
 * Messages between requests: of this process at once, and through Redis for all gateways that share one. While Redis is away, what
 * others publish is lost, and this process hears itself. Throws StartError when Redis does not answer.
 */
export async function openPubSub(redisUrl: string | undefined, log: Log, { relay, heartbeatMs = HEARTBEAT_MS }: PubSubOptions = {}) {
  const local = tolerant(new EventTarget() as Target, log);
  if (redisUrl === undefined)
    return { pubSub: createPubSub<Topics>({ eventTarget: relay ? relayed(local, relay) : local }), close: async () => undefined };
  const onError = (error: Error) => log.warn({ err: error }, 'Redis does not answer: events reach the subscribers of this process alone');
  const publishClient = await openRedisCommands(redisUrl, { commandTimeoutMs: COMMAND_TIMEOUT_MS });
  const subscribeClient = await openRedisCommands(redisUrl, { commandTimeoutMs: COMMAND_TIMEOUT_MS, onError }).catch((error) => {
    publishClient.disconnect();
    throw error;
  });
  // What could not be subscribed to while Redis was away is when it is back; a gap in what was published is known from the other client.
  tolerate(publishClient, 'publish', (error) => log.debug({ err: error }, 'an event did not travel through Redis'));
  for (const name of ['subscribe', 'unsubscribe'] as const) tolerate(subscribeClient, name, () => undefined);
  const heartbeat = setInterval(() => subscribeClient.ping().catch(() => undefined), heartbeatMs).unref();
  const close = async () => {
    clearInterval(heartbeat);
    publishClient.disconnect();
    subscribeClient.disconnect();
  };
  return { pubSub: createPubSub<Topics>({ eventTarget: createSharedTarget(local, publishClient, subscribeClient) }), close };
}

function relayed(local: Target, relay: Relay): Target {
  relay.onEvent(({ topic, payload }) => void local.dispatchEvent(new CustomEvent(topic, { detail: payload }) as never));
  return {
    ...local,
    dispatchEvent(event) {
      relay.sendEvent({ topic: event.type, payload: event.detail });
      return local.dispatchEvent(event);
    },
  };
}

/** Delivers here at once, and elsewhere through Redis; what comes back from there of its own is known by its sender. */
function createSharedTarget(local: Target, publishClient: Redis, subscribeClient: Redis): Target {
  const own = randomUUID();
  const remote = createRedisEventTarget({ publishClient, subscribeClient, serializer: { stringify: JSON.stringify, parse } }) as Target;
  const listeners = new Map<string, number>();
  subscribeClient.on('ready', () => {
    if (listeners.size > 0) void subscribeClient.subscribe(...listeners.keys());
  });
  const relay: Listener = ({ type, detail }) => {
    const { $from, ...payload } = (detail ?? {}) as Record<string, unknown>;
    if (detail && $from !== own) local.dispatchEvent(new CustomEvent(type, { detail: payload }) as never);
  };
  return {
    dispatchEvent(event) {
      remote.dispatchEvent(new CustomEvent(event.type, { detail: { ...(event.detail as object), $from: own } }) as never);
      return local.dispatchEvent(event);
    },
    addEventListener(topic, listener) {
      const count = listeners.get(topic) ?? 0;
      listeners.set(topic, count + 1);
      if (count === 0) remote.addEventListener(topic, relay as never);
      local.addEventListener(topic, listener);
    },
    removeEventListener(topic, listener) {
      const count = listeners.get(topic) ?? 0;
      if (count === 1) remote.removeEventListener(topic, relay as never);
      if (count > 1) listeners.set(topic, count - 1);
      else listeners.delete(topic);
      local.removeEventListener(topic, listener);
    },
  };
}

/** Anybody may publish to a channel: what is no payload is null. */
function parse(text: string): unknown {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

/** The event target leaves the promises of these to themselves: a rejection that nobody handles would end the process. */
function tolerate(client: Redis, name: 'publish' | 'subscribe' | 'unsubscribe', onError: (error: unknown) => void): void {
  const send = client[name];
  Reflect.set(client, name, (...args: unknown[]) => Promise.resolve(Reflect.apply(send, client, args)).catch(onError));
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
