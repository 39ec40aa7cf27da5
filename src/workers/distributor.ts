// Accepts connections for all workers and hands each to the one that has fewest. node:cluster's own ways have faults here: its round
// robin leaves a connection that was on its way to a worker that is killed open and unanswered for ever, closes the port while no worker
// runs, and knows nothing of how many each holds; a shared socket serves whoever wakes first.

import { createServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Cors } from '../http/cors.ts';
import { listen, stopListening } from '../http/listen.ts';
import { createRefusal } from '../http/refusal.ts';
import type { Peer } from './peer.ts';

/** How long a connection waits for a worker. */
const WAIT_MS = 5000;
const PAUSE_MS = 10;
/** Connections that wait while no worker runs. */
const MAX_WAITING = 1000;
/**
 * Connections on their way to a worker. It takes one in a turn of its event loop, and whatever else it is told waits behind them, so more
 * would not come sooner. They are what a worker that is stuck can keep from others.
 */
const MAX_ON_THE_WAY = 4;

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
  /** Forgets a worker that is gone, when all that it has said was heard: what was on its way goes to others. */
  remove(id: number): void;
  /** Resolves to the port. Throws StartError. */
  listen(port: number, host: string): Promise<number>;
  /** Stops accepting. Resolves when what had come has been handed over, or refused where no worker takes it. */
  stop(): Promise<void>;
  /** Connections of all workers, and those that wait for one. */
  readonly open: number;
};

/** `maxConnections`: of one worker; where all are full, a connection is answered 503. `cors`: whose pages may read that. */
export function createDistributor({ maxConnections, cors }: { maxConnections: number; cors: Cors }): Distributor {
  /** All that are not gone; those that take connections are `ready` too. */
  const takers = new Map<number, Taker>();
  const ready = new Set<Taker>();
  const waiting = new Map<Socket, NodeJS.Timeout>();
  const refuse = createRefusal(cors);
  let handed = 0;
  let isStopping = false;

  const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    socket.on('error', () => undefined);
    place(socket);
  });

  /** Of those that take what they are handed, the one that has fewest. */
  function choose(): Taker | undefined {
    let best: Taker | undefined;
    for (const taker of ready)
      if (taker.open < maxConnections && taker.onTheWay.size < MAX_ON_THE_WAY && (!best || taker.open < best.open)) best = taker;
    return best;
  }

  /** How many connections there will be a place for. */
  function places(): number {
    if (ready.size === 0) return isStopping ? 0 : MAX_WAITING;
    let free = 0;
    for (const { open } of ready) free += maxConnections - open;
    return free;
  }

  function place(socket: Socket): void {
    const taker = choose();
    if (taker) hand(socket, taker);
    else if (waiting.size >= places()) refuse(socket);
    else {
      const giveUp = () => {
        waiting.delete(socket);
        refuse(socket);
      };
      waiting.set(socket, setTimeout(giveUp, WAIT_MS));
    }
  }

  function placeWaiting(): void {
    for (const [socket, timer] of waiting) {
      const taker = choose();
      if (!taker) return;
      clearTimeout(timer);
      waiting.delete(socket);
      hand(socket, taker);
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
        placeWaiting();
      });
      peer.on('connections closed', (count: number) => {
        taker.open -= count;
        placeWaiting();
      });
      placeWaiting();
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
    async stop() {
      await stopListening(server);
      // Nobody waits longer than WAIT_MS.
      while (waiting.size > 0 && ready.size > 0) await wait(PAUSE_MS);
      isStopping = true;
      for (const [socket, timer] of waiting) {
        clearTimeout(timer);
        refuse(socket);
      }
      waiting.clear();
    },
    get open() {
      let all = waiting.size;
      for (const { open } of takers.values()) all += open;
      return all;
    },
  };
}
