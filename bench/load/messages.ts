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
  | { type: 'prepare'; server: string; url: string; requests: Prepared[] }
  | { type: 'start'; server: string; connections: number; seed: number }
  /** How many answers there were since the start, or since the count began. */
  | { type: 'count' }
  /** From here on answers count. */
  | { type: 'begin' }
  | { type: 'end' }
  | { type: 'stop' };

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

export type FromLoad = { type: 'ready' } | { type: 'count'; answered: number } | { type: 'figures'; figures: LoadFigures };
