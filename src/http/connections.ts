// The sockets of one process: how many it holds, and how they end. The HTTP server accepts nothing itself: sockets come from a listener
// of this process, or from the primary's.

import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { isOpenStream } from '../gateway/http/event-stream.ts';
import { setTimeoutAfterPoll } from '../gateway/timeout-after-poll.ts';
import { type Cors, createCors } from './cors.ts';
import { createRefusal } from './refusal.ts';

/** How long requests that are under way may take to finish. */
const DRAIN_MS = 25_000;
/**
 * How much longer than the server's keep-alive, which its clients know, a connection without a request stays while the gateway stops. One
 * that is closed sooner may be closed under a request that its client has just sent.
 */
const IDLE_MARGIN_MS = 1000;
/** How often streams that have begun since are looked for while the gateway stops. */
const STREAMS_MS = 500;
/** When clients of a stream shall come back: not all of them at once. */
const [FIRST_RETURN_MS, LAST_RETURN_MS] = [500, 3000];

export type ConnectionsOptions = {
  /** Sockets that are held at once; one more is answered 503 and closed. Default: no bound. */
  max?: number;
  /** Whose pages may read that answer. Default: none. */
  cors?: Cors;
  /** Refused sockets that linger at once, see RefusalOptions. */
  maxRefused?: number;
  /** Called when a socket that was taken is closed. */
  onClose?: () => void;
};

export type Connections = {
  readonly size: number;
  /** Whether clients are told to go because the gateway stops. */
  readonly isStopping: boolean;
  take(socket: Socket): void;
  /** Reads no requests, of those that come meanwhile neither. Returns how to go on. */
  pause(): () => void;
  /**
   * Tells clients to go, with their next answer, and resolves when the last one has gone. Streams are cut off at once, with a hint when to
   * come back; what is not over after 25 s is ended. `isHurried`: connections without a request are closed at once. `isReplaced`: another
   * process has taken this one's place, and the gateway goes on.
   */
  drain(options?: { isHurried?: boolean; isReplaced?: boolean }): Promise<void>;
};

/** Lets a server work with sockets that are handed to it. */
export function createConnections(
  server: Server,
  { max = Number.POSITIVE_INFINITY, cors = createCors([]), maxRefused, onClose }: ConnectionsOptions = {},
): Connections {
  const sockets = new Set<Socket>();
  /** In the order in which their requests have come. */
  const responses = new Set<ServerResponse>();
  /** While the gateway stops: the last one of each connection. */
  const lasts = new WeakMap<Socket, ServerResponse>();
  const refuse = createRefusal(cors, { maxLingering: maxRefused });
  let isDraining = false;
  let isStopping = false;
  let isPaused = false;
  let onLast = () => {};

  // What node:http does when it listens itself: without it, no time bounds a request.
  server.emit('listening');
  // Node.js would close it at once, and reset a request that has come while this process had no time to read it.
  server.on('timeout', (socket) => {
    const before = progressOf(socket);
    setImmediate(() => {
      if (progressOf(socket) === before) socket.destroy();
    });
  });
  // Before the application, which may answer at once.
  server.prependListener('request', (_request, response) => {
    responses.add(response);
    if (isDraining) sayFarewell(response);
    response.once('close', () => responses.delete(response));
  });

  /** Ends the connection with this answer. Where more requests were sent ahead, those are answered first: only the last says so. */
  function sayFarewell(response: ServerResponse): void {
    const { socket } = response.req;
    const before = lasts.get(socket);
    lasts.set(socket, response);
    if (before && !before.headersSent) before.setHeader('connection', before.shouldKeepAlive ? 'keep-alive' : 'close');
    if (!response.headersSent) response.setHeader('connection', 'close');
  }

  function endStreams(): void {
    for (const response of responses) {
      if (!response.headersSent || !isOpenStream(response)) continue;
      responses.delete(response);
      endStream(response);
    }
  }

  /** Closes what waits for a request. What has never sent a byte is in no list of node:http's. */
  function endIdle(): void {
    server.closeIdleConnections();
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  }

  /** Closes all but those whose request is being answered. */
  function endUnanswered(): void {
    const answered = new Set(Array.from(responses, ({ req }) => req.socket));
    for (const socket of sockets) if (!answered.has(socket)) socket.destroy();
  }

  return {
    get size() {
      return sockets.size;
    },
    get isStopping() {
      return isStopping;
    },
    take(socket) {
      socket.once('close', () => onClose?.());
      // Its client is gone. What it has sent might still be read, and would count for nobody.
      if (socket.remoteAddress === undefined) return void socket.destroy();
      if (sockets.size >= max) return refuse(socket);
      sockets.add(socket);
      socket.once('close', () => {
        sockets.delete(socket);
        if (sockets.size === 0) onLast();
      });
      server.emit('connection', socket);
      if (isPaused) socket.pause();
    },
    pause() {
      isPaused = true;
      for (const socket of sockets) socket.pause();
      return () => {
        isPaused = false;
        for (const socket of sockets) socket.resume();
      };
    },
    async drain({ isHurried = false, isReplaced = false } = {}) {
      isDraining = true;
      isStopping = !isReplaced;
      for (const response of responses) sayFarewell(response);
      endStreams();
      if (isHurried) endUnanswered();
      const streams = setInterval(endStreams, STREAMS_MS);
      const idle = setTimeoutAfterPoll(endIdle, Math.min(server.keepAliveTimeout + IDLE_MARGIN_MS, DRAIN_MS));
      const end = setTimeoutAfterPoll(() => {
        for (const socket of sockets) socket.destroy();
      }, DRAIN_MS);
      if (sockets.size > 0)
        await new Promise<void>((resolve) => {
          onLast = resolve;
        });
      clearInterval(streams);
      idle.cancel();
      end.cancel();
      // Ends the timer that bounds requests.
      server.close();
    },
  };
}

/** Differs when something has been read or written since. What waits to be written is known below the socket alone. */
function progressOf(socket: Socket): string {
  const { writeQueueSize } = (Reflect.get(socket, '_handle') ?? {}) as { writeQueueSize?: number };
  return [socket.bytesRead, socket.bytesWritten, writeQueueSize].join();
}

/** Cut off without `complete`, its client connects again, elsewhere, after the time that it is told (`retry`, of server-sent events). */
function endStream(response: ServerResponse): void {
  const returnMs = Math.round(FIRST_RETURN_MS + Math.random() * (LAST_RETURN_MS - FIRST_RETURN_MS));
  response.write(`retry: ${returnMs}\n\n`, () => response.destroy());
}
