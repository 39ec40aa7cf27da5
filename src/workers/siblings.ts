import type { Registry } from 'prom-client';
import type { MaybePromise } from '../batching/maybe-promise.ts';
import type { SharedDocuments } from '../gateway/operation/documents/shared-document-store.ts';
import { createParentStore } from '../rate-limit/shared-store.ts';
import type { RateLimitStore } from '../rate-limit/store.ts';
import type { Peer } from './peer.ts';

/** An event of subscriptions. */
export type SharedEvent = { topic: string; payload: unknown };

/** What a worker holds; of all, what they hold together. */
export type WorkerFigures = { connections: number; pool: PoolFigures };
export type PoolFigures = { inUse: number; idle: number; waiting: number; max: number };
export type FleetFigures = WorkerFigures & { workers: number };

/** The other workers of this machine, through the primary. */
export type Siblings = {
  /** Counts with them. */
  store: RateLimitStore;
  /** Documents that clients register with any of them. */
  documents: SharedDocuments;
  sendEvent(event: SharedEvent): void;
  onEvent(listener: (event: SharedEvent) => void): void;
  /** Resolves when they have heard of what was committed before, or are too busy to say so. It never rejects. */
  barrier(): Promise<void>;
  /** What to wait for when one of them asks. */
  onBarrier(barrier: () => Promise<void>): void;
  /** Sends the figures of this process now and then, and whenever the primary asks for them. Returns how to stop, which sends the last ones. */
  sendMetrics(registry: Registry): () => Promise<void>;
  /** The figures of all processes, in the text format of Prometheus. */
  readMetrics(): Promise<string>;
  /** Takes a place among the subscriptions of a client, of which there are `max`. Resolves to whether there was one. Rejects without an answer. */
  takePlace(key: string, max: number): Promise<boolean>;
  givePlaceBack(key: string): void;
  /** What all hold. Rejects without an answer. */
  figures(): Promise<FleetFigures>;
  /** What this one holds, when one of them asks. */
  onAskedForFigures(figures: () => MaybePromise<WorkerFigures>): void;
};

/** How often figures are sent: what was counted since is lost with a worker that is killed. */
const METRICS_MS = 5000;
/** How long the primary may take to ask all for theirs. */
const READING_MS = 3000;

/** How long the primary may take to ask all of them. */
const ASKING_MS = 1000;
/** How long the primary may take to look for a document: a client whose document is not found sends the text. */
const DOCUMENT_MS = 250;

export const createSiblings = (primary: Peer): Siblings => ({
  store: createParentStore(),
  documents: {
    find: (hash) => primary.ask<string | undefined>('find document', hash, DOCUMENT_MS),
    keep: (hash, text) => primary.ask<void>('keep document', { hash, text }, DOCUMENT_MS),
  },
  sendEvent: (event) => primary.tell('event', event),
  onEvent: (listener) => primary.on('event', listener),
  barrier: () => primary.ask<void>('barrier', undefined, ASKING_MS).catch(() => undefined),
  onBarrier: (barrier) => primary.on('barrier', barrier),
  sendMetrics(registry) {
    const snapshot = () => registry.getMetricsAsJSON();
    // With an answer, so that the last ones have arrived before the process ends.
    const send = async () => primary.ask('metrics', await snapshot(), READING_MS).catch(() => undefined);
    primary.on('snapshot', snapshot);
    const timer = setInterval(send, METRICS_MS).unref();
    return async () => {
      clearInterval(timer);
      await send();
    };
  },
  readMetrics: () => primary.ask('read metrics', undefined, READING_MS),
  takePlace: (key, max) => primary.ask<boolean>('take place', { key, max }, ASKING_MS),
  givePlaceBack: (key) => primary.tell('give place back', key),
  figures: () => primary.ask<FleetFigures>('figures', undefined, ASKING_MS),
  onAskedForFigures: (figures) => primary.on('figures', figures),
});
