import { createParentStore } from '../rate-limit/shared-store.ts';
import type { RateLimitStore } from '../rate-limit/store.ts';
import type { Peer } from './peer.ts';

/** An event of subscriptions. */
export type SharedEvent = { topic: string; payload: unknown };

/** The other workers of this machine, through the primary. */
export type Siblings = {
  /** Counts with them. */
  store: RateLimitStore;
  sendEvent(event: SharedEvent): void;
  onEvent(listener: (event: SharedEvent) => void): void;
  /** Resolves when they have heard of what was committed before, or are too busy to say so. It never rejects. */
  barrier(): Promise<void>;
  /** What to wait for when one of them asks. */
  onBarrier(barrier: () => Promise<void>): void;
};

/** How long the primary may take to ask all of them. */
const BARRIER_MS = 1000;

export const createSiblings = (primary: Peer): Siblings => ({
  store: createParentStore(),
  sendEvent: (event) => primary.tell('event', event),
  onEvent: (listener) => primary.on('event', listener),
  barrier: () => primary.ask<void>('barrier', undefined, BARRIER_MS).catch(() => undefined),
  onBarrier: (barrier) => primary.on('barrier', barrier),
});
