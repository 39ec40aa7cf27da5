// The sockets of one process: how many it holds, and how they end. The HTTP server accepts nothing itself: sockets come from a listener
// of this process, or from the primary's.

import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createRefusal } from './refusal.ts';

/** How long requests that are under way may take to finish. */
const DRAIN_MS = 25_000;
/**
 * How long a connection without a request stays while the gateway stops: longer than the server's keep-alive, which its clients know. One
 * that is closed sooner may be closed under a request that its client has just sent.
 */
const IDLE_MS = 6000;
/** When clients of a stream shall come back: not all of them at once. */
const [FIRST_RETURN_MS, LAST_RETURN_MS] = [500, 3000];

export type ConnectionsOptions = {
  /** Sockets that are held at once; one more is answered 503 and closed. Default: no bound. */
  max?: number;
  /** Called when a socket that was taken is closed. */
  onClose?: () => void;
};

export type Connections = {
  readonly size: number;
  readonly isDraining: boolean;
  take(socket: Socket): void;
  /**
   * Tells clients to go, with their next answer, and resolves when the last one has gone. Streams are cut off at once, with a hint when to
   * come back; what is not over after 25 s is ended. `isHurried`: connections without a request are closed at once.
   */
  drain(options?: { isHurried?: boolean }): Promise<void>;
};

/** Lets a server work with sockets that are handed to it. */
export function createConnections(server: Server, { max = Number.POSITIVE_INFINITY, onClose }: ConnectionsOptions = {}): Connections {
  const sockets = new Set<Socket>();
  const responses = new Set<ServerResponse>();
  const refuse = createRefusal();
  let isDraining = false;
  let onLast = () => {};

  // What node:http does when it listens itself: without it, no time bounds a request.
  server.emit('listening');
  server.on('request', (_request, response) => {
    responses.add(response);
    if (isDraining) response.setHeader('connection', 'close');
    response.once('close', () => responses.delete(response));
  });

  return {
    get size() {
      return sockets.size;
    },
    get isDraining() {
      return isDraining;
    },
    take(socket) {
      if (sockets.size >= max) {
        socket.once('close', () => onClose?.());
        refuse(socket);
        return;
      }
      sockets.add(socket);
      socket.once('close', () => {
        sockets.delete(socket);
        onClose?.();
        if (sockets.size === 0) onLast();
      });
      server.emit('connection', socket);
    },
    async drain({ isHurried = false } = {}) {
      isDraining = true;
      for (const response of responses) {
        // Yoga writes headers past setHeader: the request tells which answers are streams.
        if (!response.headersSent) response.setHeader('connection', 'close');
        else if (response.req.headers.accept?.includes('text/event-stream')) endStream(response);
      }
      if (isHurried) server.closeIdleConnections();
      const timers = [
        setTimeout(() => server.closeIdleConnections(), IDLE_MS),
        setTimeout(() => {
          for (const socket of sockets) socket.destroy();
        }, DRAIN_MS),
      ];
      if (sockets.size > 0)
        await new Promise<void>((resolve) => {
          onLast = resolve;
        });
      for (const timer of timers) clearTimeout(timer);
      // Ends the timer that bounds requests.
      server.close();
    },
  };
}

/** Cut off without `complete`, its client connects again, elsewhere, after the time that it is told (`retry`, of server-sent events). */
function endStream(response: ServerResponse): void {
  const returnMs = Math.round(FIRST_RETURN_MS + Math.random() * (LAST_RETURN_MS - FIRST_RETURN_MS));
  response.write(`retry: ${returnMs}\n\n`, () => response.destroy());
}
