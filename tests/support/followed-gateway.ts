// A small gateway with a source of events that the test can count, and whose plugins can fail.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSchema, createYoga, type Plugin } from 'graphql-yoga';
import { onTestFinished } from 'vitest';
import { useEventStreams } from '../../src/gateway/http/use-event-streams.ts';
import { createLimits } from '../../src/limits/limits.ts';
import { createLog } from '../../src/log.ts';
import { useDeadline } from '../../src/plugins/use-deadline.ts';
import { type SubscriptionPlaces, useSubscriptionLimit } from '../../src/plugins/use-subscription-limit.ts';

type Options = {
  /** Behind all others. */
  plugin?: Plugin;
  /** Before the source is there. */
  beforeSource?: () => Promise<void>;
  deadlineMs?: number;
};

/**
 * Subscriptions `ticks`, whose source opens when it is subscribed to, and not when it is read, and which ends only when it is returned,
 * and `broken`, whose source fails after its first event. Places are taken from afar, as workers take them.
 */
export async function aFollowedGateway({ plugin = {}, beforeSource = async () => undefined, deadlineMs = 10_000 }: Options = {}) {
  const counts = { openSources: 0, opened: 0, places: 0, taken: 0, gauge: 0, fewest: 0 };
  const left: unknown[] = [];
  const places: SubscriptionPlaces = {
    async takePlace() {
      counts.places++;
      counts.taken++;
      return true;
    },
    givePlaceBack() {
      counts.places--;
      counts.fewest = Math.min(counts.fewest, counts.places);
    },
  };

  function openSource(events: number, bytes: number): AsyncIterableIterator<{ ticks: string }> {
    counts.openSources++;
    counts.opened++;
    let sent = 0;
    const { promise: ended, resolve: end } = Promise.withResolvers<IteratorReturnResult<undefined>>();
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      next: async () => (sent < events ? { done: false, value: { ticks: String(sent++).padEnd(bytes) } } : await ended),
      async return() {
        counts.openSources--;
        end({ done: true, value: undefined });
        return { done: true, value: undefined };
      },
    };
  }

  const schema = createSchema<object>({
    typeDefs: 'type Query { one: Int } type Subscription { ticks(events: Int = 0, bytes: Int = 0, failing: String): String broken: Int }',
    resolvers: {
      Query: { one: () => 1 },
      Subscription: {
        ticks: {
          subscribe: async (_root: unknown, { events, bytes }: { events: number; bytes: number }) => {
            await beforeSource();
            return openSource(events, bytes);
          },
          resolve({ ticks }: { ticks: string }, { failing }: { failing?: string }) {
            if (ticks === failing) throw new Error(`The event ${failing} has failed.`);
            return ticks;
          },
        },
        broken: {
          async *subscribe() {
            yield { broken: 1 };
            throw new Error('The source has failed.');
          },
        },
      },
    },
  });
  const log = createLog({ level: 'silent' });
  const yoga = createYoga({
    schema: schema as never,
    logging: false,
    maskedErrors: false,
    batching: true,
    context: () => ({ client: { key: 'me' }, loaders: { leave: (reason: unknown) => left.push(reason) } }),
    plugins: [
      useEventStreams({ log }) as Plugin,
      useSubscriptionLimit({
        limits: createLimits({ modes: {}, count: () => undefined }),
        places,
        onChange: (by) => {
          counts.gauge += by;
        },
      }) as Plugin,
      useDeadline({ deadlineMs }) as Plugin,
      plugin,
    ],
  });
  const server = createServer(yoga).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, counts, left };
}
