// Answers as server-sent events, by the protocol of graphql-sse in its distinct connections mode: each result is an event `next`, the
// last event is `complete`. https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md

import type { ServerResponse } from 'node:http';
import type { ExecutionResult, GraphQLError } from 'graphql';

/** How often a stream without events sends a comment, so that proxies do not take it for dead. */
const PING_MS = 12_000;
/** Some browsers do not report a response before its first byte. */
const PING = ':\n\n';
/**
 * The id of every `complete`. An EventSource reconnects when its stream ends, whatever the events were, and sends the last id along: a
 * request that carries this one has had its answer.
 */
export const COMPLETED_ID = 'complete';
const COMPLETE = `event: complete\nid: ${COMPLETED_ID}\ndata:\n\n`;

export const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  // A compressor would hold events back until there are enough of them; so would nginx without the second header.
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
} as const;

/** The whole stream of an operation that has one result. */
export const eventsOf = (result: ExecutionResult): string => `${PING}${nextOf(result)}${COMPLETE}`;

export type EventStream = {
  body: ReadableStream<Uint8Array>;
  /** Ends the stream where it stands, and returns the iterator. It may be called at any time, and more than once. */
  stop(): void;
};

/**
 * A stream of results as they come. The iterator is returned when the stream is stopped or cancelled. `onFailure` hears of an iterator
 * that rejects, which breaks the stream off without `complete`.
 */
export function createEventStream(results: AsyncIterable<ExecutionResult>, onFailure: (error: unknown) => void): EventStream {
  const iterator = results[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  let controller: ReadableStreamDefaultController<Uint8Array>;
  let isOver = false;

  const send = (text: string) => controller.enqueue(encoder.encode(text));
  const ping = setInterval(() => {
    if ((controller.desiredSize ?? 0) > 0) send(PING);
  }, PING_MS).unref();
  const release = () => {
    isOver = true;
    clearInterval(ping);
    // What a source says at its end reaches no client.
    (async () => iterator.return?.())().catch(() => undefined);
  };
  const stop = () => {
    if (isOver) return;
    release();
    controller.close();
  };

  const source: UnderlyingDefaultSource<Uint8Array> = {
    start(given) {
      controller = given;
      send(PING);
    },
    async pull() {
      try {
        const { done, value } = await iterator.next();
        if (isOver) return;
        if (value) send(nextOf(value));
        if (!done) return;
        send(COMPLETE);
      } catch (error) {
        if (!isOver) onFailure(error);
      }
      stop();
    },
    cancel: release,
  };
  // Room for the first ping and one result more: the first result is asked for before the ping is read.
  const body = new ReadableStream(source, { highWaterMark: 2 });
  return { body, stop };
}

const openStreams = new WeakSet<ServerResponse>();

/** Notes that a response is a stream that goes on until its source or its client ends it. */
export const markOpenStream = (response: ServerResponse): void => void openStreams.add(response);

/** Whether a response is a stream that goes on until its source or its client ends it. */
export const isOpenStream = (response: ServerResponse): boolean => openStreams.has(response);

const nextOf = (result: ExecutionResult): string => `event: next\ndata: ${JSON.stringify(shown(result))}\n\n`;

/** `extensions.http`, of a result and its errors, is for those who write the head of an answer: that of a stream is written already. */
function shown({ errors, extensions, ...rest }: ExecutionResult): object {
  return {
    ...(errors && { errors: errors.map((error: GraphQLError) => withoutHttp(error.toJSON())) }),
    ...rest,
    ...(extensions && withoutHttp({ extensions })),
  };
}

function withoutHttp<T extends { extensions?: Readonly<Record<string, unknown>> }>({ extensions = {}, ...rest }: T): object {
  const { http: _, ...others } = extensions;
  return Object.keys(others).length > 0 ? { ...rest, extensions: others } : rest;
}
