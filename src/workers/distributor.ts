// Accepts connections for all workers and hands each to the one that has fewest. node:cluster's own ways have faults here: its round
// robin leaves a connection that was on its way to a worker that is killed open and unanswered for ever, closes the port while no worker
// runs, and knows nothing of how many each holds; a shared socket serves whoever wakes first.

import { createServer, type Socket } from 'node:net';
import { listen } from '../http/listen.ts';
import { createRefusal } from '../http/refusal.ts';
import type { Peer } from './peer.ts';

/** How long a connection waits for a worker where none runs. */
const WAIT_MS = 5000;
const MAX_WAITING = 1000;
/** Connections on their way to a worker beyond which others come first: it is busy, or stuck. */
const MAX_ON_THE_WAY = 16;

/** A worker that takes connections. */
type Taker = {
  peer: Peer;
  /** What it holds, and what is on its way to it. */
  open: number;
  /** Copies of what it has not said to have taken. */
  onTheWay: Map<number, Socket>;
};

export type Distributor = {
  /** Lets a worker take connections. Returns how to stop, which keeps what it has. */
  add(id: number, peer: Peer): () => void;
  /** Forgets a worker that is gone: what was on its way goes to others. */
  remove(id: number): void;
  /** Resolves to the port. Throws StartError. */
  listen(port: number, host: string): Promise<number>;
  /** Stops accepting. */
  close(): void;
};

/** `maxConnections`: of one worker; where all are full, a connection is answered 503. */
export function createDistributor({ maxConnections }: { maxConnections: number }): Distributor {
  /** All that are not gone; those that take connections are `ready` too. */
  const takers = new Map<number, Taker>();
  const ready = new Set<Taker>();
  const waiting = new Map<Socket, NodeJS.Timeout>();
  const refuse = createRefusal();
  let handed = 0;

  const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    socket.on('error', () => undefined);
    place(socket);
  });

  /** The one that has fewest; those that do not take what they were handed come last. */
  function choose(): Taker | undefined {
    const rank = ({ open, onTheWay }: Taker) => open + (onTheWay.size >= MAX_ON_THE_WAY ? maxConnections : 0);
    let best: Taker | undefined;
    for (const taker of ready) if (taker.open < maxConnections && (!best || rank(taker) < rank(best))) best = taker;
    return best;
  }

  function place(socket: Socket): void {
    const taker = choose();
    if (taker) hand(socket, taker);
    else if (ready.size > 0 || waiting.size >= MAX_WAITING) refuse(socket);
    else {
      const giveUp = () => {
        waiting.delete(socket);
        refuse(socket);
      };
      waiting.set(socket, setTimeout(giveUp, WAIT_MS));
    }
  }

  function hand(socket: Socket, taker: Taker): void {
    const id = handed++;
    taker.open++;
    taker.onTheWay.set(id, socket);
    // What lies below the socket: with the socket itself, Node would keep accounts of it in both processes.
    taker.peer.tell('connection', { id }, Reflect.get(socket, '_handle'));
  }

  return {
    add(id, peer) {
      const taker: Taker = { peer, open: 0, onTheWay: new Map() };
      takers.set(id, taker);
      ready.add(taker);
      peer.on('connections taken', (ids: number[]) => {
        for (const one of ids) {
          taker.onTheWay.get(one)?.destroy();
          taker.onTheWay.delete(one);
        }
      });
      peer.on('connections closed', (count: number) => {
        taker.open -= count;
      });
      for (const [socket, timer] of waiting) {
        clearTimeout(timer);
        waiting.delete(socket);
        place(socket);
      }
      return () => void ready.delete(taker);
    },
    remove(id) {
      const taker = takers.get(id);
      if (!taker) return;
      takers.delete(id);
      ready.delete(taker);
      for (const socket of taker.onTheWay.values()) place(socket);
    },
    listen: (port, host) => listen(server, port, host),
    close() {
      server.close();
      for (const [socket, timer] of waiting) {
        clearTimeout(timer);
        socket.destroy();
      }
      waiting.clear();
    },
  };
}
