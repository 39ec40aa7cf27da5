// What the bench and the process of the load say to each other.

import type { Operation } from './operations.ts';

/** A request whose answer is known. */
export type Prepared = {
  operation: Operation;
  body: string;
  token?: string;
  /** Bytes of the answer's body: data does not change, and neither does what a server says. */
  length: number;
};

export type ToLoad =
  /** `isProxied`: each request comes from an address that a proxy tells. */
  | { type: 'prepare'; server: string; url: string; requests: Prepared[]; isProxied: boolean }
  | { type: 'start'; server: string; connections: number; seed: number }
  /** How many answers there were since the start, or since the count began. */
  | { type: 'count' }
  /** From here on answers count. */
  | { type: 'begin' }
  | { type: 'end' }
  | { type: 'stop' }
  | { type: 'pace'; server: string; pace: Pace };

/** So many clients, each with an address of its own and an even pace, and perhaps one more, which is greedy. Some are signed in. */
export type Pace = {
  clients: number;
  /** Requests of each. */
  perSecond: number;
  /** Requests of the greedy one; 0 for none. */
  greedyPerSecond: number;
  /** Sent before, and not counted. */
  warmUpSeconds: number;
  seconds: number;
  seed: number;
  /** The index of the first client's address; the others follow, the greedy one's last. */
  firstAddress: number;
};

/** What the clients met, the greedy one apart. */
export type PaceFigures = {
  /** Milliseconds from the moment at which a request was due until its answer was there. */
  p50: number;
  p99: number;
  max: number;
  answered: number;
  /** Not answered within seconds; they count with the time that they have waited. */
  unanswered: number;
  refused: number;
  greedySent: number;
  greedyRefused: number;
  faults: number;
  firstFaults: string[];
  /** By how many milliseconds requests were sent too late by the load itself, as p99. It is part of the times. */
  lateness: number;
  /** Connections to the server. */
  connections: number;
};

export type LoadFigures = {
  answered: number;
  seconds: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  max: number;
  /** CPU of the load itself. */
  cpuSeconds: number;
  /** What went wrong, the first few in words. */
  faults: number;
  firstFaults: string[];
};

export type FromLoad =
  | { type: 'ready' }
  | { type: 'count'; answered: number }
  | { type: 'figures'; figures: LoadFigures }
  | { type: 'paced'; figures: PaceFigures };
