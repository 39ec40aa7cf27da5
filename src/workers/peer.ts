// Questions, answers and news between two processes, over the channel that Node gives a process and its children.

import { type PolledTimeout, setTimeoutAfterPoll } from '../gateway/timeout-after-poll.ts';

/** Messages that wait to be written: a process that does not read must not fill the memory of the one that writes. */
const MAX_UNSENT = 10_000;

/** A handle of the operating system that travels with a message, as the one below a socket. */
export type Handle = unknown;

/** Either end: `process` in a child, a ChildProcess in its parent. */
export type Channel = {
  readonly connected: boolean;
  send?(message: unknown, handle: Handle, options: { keepOpen?: boolean }, callback: (error: Error | null) => void): unknown;
  on(event: 'message', listener: (message: unknown, handle: Handle) => void): unknown;
  once(event: 'disconnect', listener: () => void): unknown;
};

export type Peer = {
  /**
   * Sends news. What cannot be sent is lost: whoever is told may be gone at any moment. With `handle`, this process keeps its own copy;
   * where the other process has no file descriptor for it, Node.js drops the whole message there. Returns false where the other end is
   * gone, or so far behind that nothing more is queued for it.
   */
  tell(name: string, content?: unknown, handle?: Handle): boolean;
  /** Asks, and resolves to the answer. Rejects when there is none in time, when the other end is gone or far behind, and when it has failed to answer. */
  ask<T>(name: string, content: unknown, timeoutMs: number): Promise<T>;
  /** Takes news and questions of a name. What it returns, or resolves to, is the answer. */
  on<T>(name: string, handle: (content: T, handle: Handle) => unknown): void;
};

// The name of the first field tells these messages from others on the same channel.
type Message = { convoy: string; content?: unknown; question?: number };
type Answer = { convoyAnswer: number; content?: unknown; error?: string };

/** One end of a channel. Questions and news arrive in the order in which they were sent. */
export function createPeer(channel: Channel): Peer {
  const handlers = new Map<string, (content: never, handle: Handle) => unknown>();
  const asked = new Map<number, PromiseWithResolvers<never> & { timer: PolledTimeout }>();
  let questions = 0;
  let unsent = 0;

  const send = (message: Message | Answer, handle?: Handle): boolean => {
    if (!channel.connected || channel.send === undefined || unsent >= MAX_UNSENT) return false;
    unsent++;
    // Without the callback, a failure would be an event that nobody expects.
    channel.send(message, handle, { keepOpen: true }, () => void unsent--);
    return true;
  };
  const settle = (question: number) => {
    const found = asked.get(question);
    found?.timer.cancel();
    asked.delete(question);
    return found;
  };
  const answer = async ({ convoy: name, content, question }: Message, handle: Handle) => {
    const handler = handlers.get(name);
    if (question === undefined) return void handler?.(content as never, handle);
    try {
      if (!handler) throw new Error(`Nobody answers ${name}.`);
      send({ convoyAnswer: question, content: await handler(content as never, handle) });
    } catch (error) {
      send({ convoyAnswer: question, error: (error as Error).message });
    }
  };

  channel.on('message', (message, handle) => {
    if (isAnswer(message)) {
      const found = settle(message.convoyAnswer);
      if (message.error === undefined) found?.resolve(message.content as never);
      else found?.reject(new Error(message.error));
    } else if (isMessage(message)) void answer(message, handle);
  });
  channel.once('disconnect', () => {
    for (const question of asked.keys()) settle(question)?.reject(new Error(GONE));
  });

  return {
    tell: (name, content, handle) => send({ convoy: name, content }, handle),
    ask<T>(name: string, content: unknown, timeoutMs: number) {
      const question = questions++;
      const settled = Promise.withResolvers<never>();
      const timer = setTimeoutAfterPoll(
        () => settle(question)?.reject(new Error(`The other process has not answered ${name} within ${timeoutMs} ms.`)),
        timeoutMs,
      );
      asked.set(question, { ...settled, timer });
      if (!send({ convoy: name, content, question }))
        settle(question)?.reject(new Error(channel.connected ? `The other process is too far behind to be asked ${name}.` : GONE));
      return settled.promise as Promise<T>;
    },
    on: (name, handle) => void handlers.set(name, handle),
  };
}

const GONE = 'The other process is gone.';
const isMessage = (message: unknown): message is Message => typeof message === 'object' && message !== null && 'convoy' in message;
const isAnswer = (message: unknown): message is Answer => typeof message === 'object' && message !== null && 'convoyAnswer' in message;
