// Processes of one machine share the store that one of them holds, over the channel that Node gives a process and its children.

import { type PolledTimeout, setTimeoutAfterPoll } from '../gateway/timeout-after-poll.ts';
import { boundedKey } from './bounded-key.ts';
import type { RateLimitStore, Verdict, Window } from './store.ts';

/** The channel to another process, at either end: `process`, a ChildProcess, or a worker of node:cluster. */
export type Channel = {
  send?(message: unknown, callback: (error: Error | null) => void): unknown;
  on(event: 'message' | 'disconnect', listener: (message: unknown) => void): unknown;
  off(event: 'message' | 'disconnect', listener: (message: unknown) => void): unknown;
};

export type ParentStoreOptions = {
  /** How long an answer may take until a call rejects, in milliseconds. Default 1000. */
  timeoutMs?: number;
};

/** With the moment it is a refund. */
type Call = [key: string, windows: readonly Window[], amount: number, at?: number];
type Result = Verdict | { error: string } | null;
// The names tell these messages from others on the same channel.
type Request = { rateLimitCalls: Call[]; batch: number };
type Answer = { rateLimitResults: Result[]; batch: number };

type Pending = { call: Call; resolve: (result: never) => void; reject: (error: Error) => void };

/** Lets a child count in this process's store. Returns how to stop: its calls wait then until their time is up. */
export function serveStore(store: RateLimitStore, child: Channel): () => void {
  const answer = async ([key, windows, amount, at]: Call): Promise<Result> => {
    try {
      if (at === undefined) return await store.take(key, windows, amount);
      await store.refund(key, windows, amount, at);
      return null;
    } catch (error) {
      return { error: String(error) };
    }
  };
  const serve = async (message: unknown) => {
    if (!isRequest(message)) return;
    const rateLimitResults = await Promise.all(message.rateLimitCalls.map(answer));
    // A child that is gone needs no answer; without the callback, a failure would be an event that nobody expects.
    child.send?.({ rateLimitResults, batch: message.batch } satisfies Answer, () => undefined);
  };
  child.on('message', serve);
  return () => void child.off('message', serve);
}

/**
 * A store in another process, which serves it: by default the parent of this one. The calls of one turn of the event loop are one message
 * there and one back. They reject where the channel is closed or the answer does not come: put a fallback behind it. It keeps the
 * process alive only while calls are under way.
 */
export function createParentStore(channel: Channel = process, { timeoutMs = 1000 }: ParentStoreOptions = {}): RateLimitStore {
  let collected: Pending[] = [];
  const sent = new Map<number, { pending: Pending[]; timer: PolledTimeout }>();
  let batches = 0;

  const take = (batch: number): Pending[] => {
    const found = sent.get(batch);
    if (found === undefined) return [];
    found.timer.cancel();
    sent.delete(batch);
    if (sent.size === 0) listen('off');
    return found.pending;
  };
  const fail = (batch: number, reason: string) => {
    for (const { reject } of take(batch)) reject(new Error(`The process that counts ${reason}.`));
  };
  const receive = (message: unknown) => {
    if (!isAnswer(message)) return;
    take(message.batch).forEach(({ resolve, reject }, i) => {
      const result = message.rateLimitResults[i];
      if (result && 'error' in result) reject(new Error(result.error));
      else resolve(result as never);
    });
  };
  const failAll = () => {
    for (const batch of sent.keys()) fail(batch, 'is gone');
  };
  const listen = (how: 'on' | 'off') => {
    channel[how]('message', receive);
    channel[how]('disconnect', failAll);
  };
  const send = () => {
    const batch = batches++;
    const pending = collected;
    collected = [];
    if (sent.size === 0) listen('on');
    sent.set(batch, { pending, timer: setTimeoutAfterPoll(() => fail(batch, 'does not answer'), timeoutMs) });
    if (channel.send === undefined) return fail(batch, 'is gone');
    const request: Request = { rateLimitCalls: pending.map(({ call }) => call), batch };
    channel.send(request, (error) => {
      if (error) fail(batch, 'is gone');
    });
  };
  const ask = <T>(call: Call) =>
    new Promise<T>((resolve, reject) => {
      if (collected.push({ call, resolve, reject }) === 1) setImmediate(send);
    });
  return {
    take: (key, windows, amount) => ask<Verdict>([boundedKey(key), windows, amount]),
    refund: (key, windows, amount, at) => ask<void>([boundedKey(key), windows, amount, at]),
  };
}

const isRequest = (message: unknown): message is Request => typeof message === 'object' && message !== null && 'rateLimitCalls' in message;
const isAnswer = (message: unknown): message is Answer => typeof message === 'object' && message !== null && 'rateLimitResults' in message;
