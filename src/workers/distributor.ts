// Accepts connections for all workers and hands each to the one that has fewest. node:cluster's own ways have faults here: its round
// robin leaves a connection that was on its way to a worker that is killed open and unanswered for ever, closes the port while no worker
// runs, and knows nothing of how many each holds; a shared socket serves whoever wakes first.
//
// The primary keeps a copy of each connection until the worker says that it has taken it, or that it has lost it: a process without a
// free file descriptor receives nothing. A worker that says neither gives no sign of life either (heartbeat.ts): it is killed, and what
// was on its way to it goes to others. So a connection is never served twice, and never waits for longer than a worker may be silent.

import { createServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { SocketShare } from '../gateway/process/descriptor-budget.ts';
import { type PolledTimeout, setTimeoutAfterPoll } from '../gateway/timeout-after-poll.ts';
import type { Cors } from '../http/cors.ts';
import { listen, stopListening } from '../http/listen.ts';
import { createRefusal } from '../http/refusal.ts';
import type { Log } from '../log.ts';
import type { Taken } from './intake.ts';
import type { Peer } from './peer.ts';

/** How long a connection waits for a worker. */
const WAIT_MS = 5000;
const PAUSE_MS = 10;
/** How long a worker that has lost a connection is handed no other one, unless one of its own closes before. */
const FULL_MS = 250;
/** How often the log tells of workers that lose connections. */
const WARN_MS = 60_000;
/**
 * Connections on their way to a worker. It takes one in a turn of its event loop, and whatever else it is told waits behind them, so more
 * would not come sooner. They are what a worker that is stuck can keep from others.
 */
const MAX_ON_THE_WAY = 4;

/** A connection that no worker has taken yet. `until`: how long it waits for one, by performance.now(). */
type Arrival = { socket: Socket; until: number };

/** A worker that takes connections. */
type Taker = {
  id: number;
  peer: Peer;
  /** What it holds, and what is on its way to it. */
  open: number;
  /** What it has not said to have taken. */
  onTheWay: Map<number, Arrival>;
  /** Whether it is about to be asked what of that it has. */
  isAsked: boolean;
  /** Set while it has no file descriptor for another one, as far as one knows. */
  full: NodeJS.Timeout | undefined;
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

/** Where all workers hold as many connections as they may, another one is answered 503. `cors`: whose pages may read that. */
export function createDistributor(
  { connections: maxConnections, waiting: maxWaiting, refused }: SocketShare,
  cors: Cors,
  log: Log,
): Distributor {
  /** All that are not gone; those that take connections are `ready` too. */
  const takers = new Map<number, Taker>();
  const ready = new Set<Taker>();
  const waiting = new Map<Arrival, PolledTimeout>();
  const refuse = createRefusal(cors, { maxLingering: refused });
  let handed = 0;
  let isStopping = false;
  let warnedAt = Number.NEGATIVE_INFINITY;

  const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    socket.on('error', () => undefined);
    place({ socket, until: performance.now() + WAIT_MS });
  });

  /** Of those that take what they are handed, the one that has fewest. */
  function choose(): Taker | undefined {
    let best: Taker | undefined;
    for (const taker of ready) {
      const isFree = taker.open < maxConnections && taker.onTheWay.size < MAX_ON_THE_WAY && !taker.full;
      if (isFree && (!best || taker.open < best.open)) best = taker;
    }
    return best;
  }

  /** How many connections may wait: those that there will be a place for. */
  function places(): number {
    if (ready.size === 0) return isStopping ? 0 : maxWaiting;
    let free = 0;
    for (const { open } of ready) free += maxConnections - open;
    return Math.min(free, maxWaiting);
  }

  function place(arrival: Arrival): void {
    const taker = choose();
    if (taker) hand(arrival, taker);
    else if (waiting.size >= places()) refuse(arrival.socket);
    else {
      const giveUp = () => {
        waiting.delete(arrival);
        refuse(arrival.socket);
      };
      waiting.set(arrival, setTimeoutAfterPoll(giveUp, Math.max(0, arrival.until - performance.now())));
    }
  }

  function placeWaiting(): void {
    for (const [arrival, timer] of waiting) {
      const taker = choose();
      if (!taker) return;
      timer.cancel();
      waiting.delete(arrival);
      hand(arrival, taker);
    }
  }

  function hand(arrival: Arrival, taker: Taker): void {
    const id = handed++;
    taker.open++;
    taker.onTheWay.set(id, arrival);
    // What lies below the socket: with the socket itself, Node would keep accounts of it in both processes.
    const isSent = taker.peer.tell('connection', { id }, Reflect.get(arrival.socket, '_handle'));
    if (!isSent) moveOn(taker, id, arrival);
    else if (!taker.isAsked) {
      taker.isAsked = true;
      setImmediate(askOf, taker);
    }
  }

  /** Has a worker say what it has received of all that was sent to it until now. */
  function askOf(taker: Taker): void {
    taker.isAsked = !taker.peer.tell('connections sent', handed - 1);
    if (taker.isAsked && takers.has(taker.id)) setTimeout(askOf, FULL_MS, taker).unref();
  }

  /** What a worker has not received is free for others, for as long as it may wait. */
  function moveOn(taker: Taker, id: number, arrival: Arrival): void {
    taker.onTheWay.delete(id);
    taker.open--;
    taker.full ??= setTimeout(vacate, FULL_MS, taker).unref();
    if (performance.now() < arrival.until) place(arrival);
    else refuse(arrival.socket);
  }

  /** Node drops a connection for which a process has no file descriptor, and its message with it. */
  function warn(): void {
    if (performance.now() < warnedAt + WARN_MS) return;
    warnedAt = performance.now();
    log.warn('a worker has no file descriptor for another connection: raise the limit of open files, or lower WORKER_CONNECTIONS');
  }

  function vacate(taker: Taker): void {
    clearTimeout(taker.full);
    taker.full = undefined;
    placeWaiting();
  }

  return {
    add(id, peer) {
      const taker: Taker = { id, peer, open: 0, onTheWay: new Map(), isAsked: false, full: undefined };
      takers.set(id, taker);
      ready.add(taker);
      peer.on('connections taken', ({ ids, upTo }: Taken) => {
        for (const one of ids) {
          taker.onTheWay.get(one)?.socket.destroy();
          taker.onTheWay.delete(one);
        }
        for (const [one, arrival] of taker.onTheWay) {
          if (one > upTo) continue;
          moveOn(taker, one, arrival);
          warn();
        }
        placeWaiting();
      });
      peer.on('connections closed', (count: number) => {
        taker.open -= count;
        vacate(taker);
      });
      placeWaiting();
      return () => void ready.delete(taker);
    },
    remove(id) {
      const taker = takers.get(id);
      if (!taker) return;
      takers.delete(id);
      ready.delete(taker);
      for (const { socket } of taker.onTheWay.values()) place({ socket, until: performance.now() + WAIT_MS });
    },
    listen: (port, host) => listen(server, port, host),
    async stop() {
      await stopListening(server);
      // Nobody waits longer than WAIT_MS.
      while (waiting.size > 0 && ready.size > 0) await wait(PAUSE_MS);
      isStopping = true;
      for (const [{ socket }, timer] of waiting) {
        timer.cancel();
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
