import { once } from 'node:events';
import { expect, test } from 'vitest';
import { createMemoryStore } from '../src/rate-limit/memory-store.ts';
import { type Channel, createParentStore, serveStore } from '../src/rate-limit/shared-store.ts';
import type { RateLimitStore, Window } from '../src/rate-limit/store.ts';
import { remaining } from './support/rate-limit-model.ts';
import { finished, start } from './support/rate-limit-processes.ts';

const WINDOWS: Window[] = [{ windowMs: 60_000, max: 60 }];

/** A channel whose messages are counted. */
function counted(channel: Channel) {
  const messages = { sent: 0, received: 0 };
  channel.on('message', () => messages.received++);
  const send: Channel['send'] = (message, callback) => {
    messages.sent++;
    return channel.send?.(message, callback);
  };
  return { messages, channel: { send, on: channel.on.bind(channel), off: channel.off.bind(channel) } as Channel };
}

test('the calls of one turn are one message there and one back', async () => {
  const { messages, channel } = counted(start('rate-limit-server.ts'));
  const store = createParentStore(channel, { timeoutMs: 10_000 });
  const taken = await Promise.all(Array.from({ length: 500 }, (_, i) => store.take(`key ${i % 7}`, WINDOWS, 1)));
  expect(messages).toEqual({ sent: 1, received: 1 });
  expect(taken.filter(({ isAllowed }) => isAllowed)).toHaveLength(7 * 60);
  const [{ at }] = taken as [(typeof taken)[number]];
  const [, verdict] = await Promise.all([store.refund('key 0', WINDOWS, 1, at), store.take('key 0', WINDOWS, 0)]);
  expect(verdict.standings[0]?.remaining).toBe(1);
  expect(messages).toEqual({ sent: 2, received: 2 });
});

test('calls reject when the other process dies, and when it was dead before', async () => {
  const child = start('rate-limit-server.ts');
  const store = createParentStore(child, { timeoutMs: 10_000 });
  await store.take('key', WINDOWS, 1);
  child.kill('SIGSTOP');
  const pending = Promise.allSettled([store.take('key', WINDOWS, 1), store.refund('key', WINDOWS, 1, 0)]);
  setTimeout(() => child.kill('SIGKILL'), 50);
  const gone = { status: 'rejected', reason: new Error('The process that counts is gone.') };
  expect(await pending).toEqual([gone, gone]);
  expect(await Promise.allSettled([store.take('key', WINDOWS, 1), store.take('key', WINDOWS, 1)])).toEqual([gone, gone]);
  // Nobody listens any more for answers that cannot come.
  expect([child.listenerCount('message'), child.listenerCount('disconnect')]).toEqual([0, 0]);
});

test('calls reject when no answer comes in time, and later ones are answered', async () => {
  const child = start('rate-limit-server.ts');
  await createParentStore(child, { timeoutMs: 10_000 }).take('key', WINDOWS, 1);
  const store = createParentStore(child, { timeoutMs: 200 });
  child.kill('SIGSTOP');
  await expect(store.take('key', WINDOWS, 1)).rejects.toThrow('The process that counts does not answer.');
  child.kill('SIGCONT');
  expect(await remaining(store, 'key', WINDOWS)).toEqual([58]);
});

test('a process that is no child has no store to share', async () => {
  const store = createParentStore({ on: () => undefined, off: () => undefined });
  await expect(store.take('key', WINDOWS, 1)).rejects.toThrow('is gone');
});

test('what fails in the store fails for the one who called', async () => {
  const memory = createMemoryStore();
  const failing: RateLimitStore = {
    ...memory,
    take: (key, ...rest) => {
      if (key === 'bad') throw new TypeError('no such key');
      return memory.take(key, ...rest);
    },
  };
  const [here, there] = aPairOfChannels();
  const stop = serveStore(failing, there);
  const store = createParentStore(here, { timeoutMs: 100 });
  const settled = await Promise.allSettled([store.take('good', WINDOWS, 1), store.take('bad', WINDOWS, 1), store.take('good', WINDOWS, 1)]);
  expect(settled).toMatchObject([
    { value: { standings: [{ remaining: 59 }] } },
    { reason: new Error('TypeError: no such key') },
    { value: { standings: [{ remaining: 58 }] } },
  ]);
  stop();
  await expect(store.take('good', WINDOWS, 1)).rejects.toThrow('does not answer');
});

test('other messages on the channel are left alone, and the store keeps no process alive', async () => {
  const child = start('rate-limit-guest.ts');
  const store = createMemoryStore();
  const others: unknown[] = [];
  child.on('message', (message) => {
    if (!Object.hasOwn(Object(message), 'rateLimitCalls')) others.push(message);
  });
  const stop = serveStore(store, child);
  const exit = once(child, 'exit');
  expect(await finished(child)).toMatchObject({ isAllowed: true, standings: [{ remaining: 59 }] });
  expect(await exit).toEqual([0, null]);
  expect(others).toEqual(['text', 7, true, { batch: 0 }, { finished: expect.anything() }]);
  stop();
});

/** Two ends, in one process, of what carries JSON. */
function aPairOfChannels(): [Channel, Channel] {
  const listeners = [new Set<(message: unknown) => void>(), new Set<(message: unknown) => void>()] as const;
  const end = (mine: Set<(message: unknown) => void>, other: Set<(message: unknown) => void>): Channel => ({
    send(message, callback) {
      const text = JSON.stringify(message);
      setImmediate(() => {
        for (const listener of other) listener(JSON.parse(text));
      });
      callback(null);
    },
    on: (event, listener) => event === 'message' && mine.add(listener),
    off: (event, listener) => event === 'message' && mine.delete(listener),
  });
  return [end(listeners[0], listeners[1]), end(listeners[1], listeners[0])];
}
