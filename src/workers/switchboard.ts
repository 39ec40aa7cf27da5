// What the primary does for its workers: it asks around, holds the places of subscriptions, and, where no Redis does it for all machines,
// counts and passes events on.

import type { ChildProcess } from 'node:child_process';
import { createPlaces } from '../limits/places.ts';
import type { MemoryDocumentStore } from '../persisted/memory-document-store.ts';
import { serveStore } from '../rate-limit/shared-store.ts';
import type { RateLimitStore } from '../rate-limit/store.ts';
import type { Peer } from './peer.ts';
import type { PoolFigures, WorkerFigures } from './siblings.ts';

/** How long a worker may take to hear of what was committed, or to tell what it holds: one that is slower is busy, and others do not wait for it. */
const ASKING_MS = 500;

export type Switchboard = {
  add(id: number, worker: ChildProcess, peer: Peer): void;
  remove(id: number): void;
};

export type SwitchboardOptions = {
  /** Where requests, points and calls of fields are counted for all. */
  store: RateLimitStore;
  /** Where the documents are kept that clients register with any worker. */
  documents: MemoryDocumentStore;
  /** How many workers answer, and how many connections they hold with those that wait for one. */
  count: () => { workers: number; connections: number };
};

export function createSwitchboard({ store, documents, count }: SwitchboardOptions): Switchboard {
  const peers = new Map<number, Peer>();
  const places = createPlaces();
  const othersThan = (id: number) => Array.from(peers).flatMap(([other, peer]) => (other === id ? [] : [peer]));
  const figures = async () => {
    const asked = await Promise.allSettled(Array.from(peers.values(), (peer) => peer.ask<WorkerFigures>('figures', undefined, ASKING_MS)));
    const pool: PoolFigures = { inUse: 0, idle: 0, waiting: 0, max: 0 };
    for (const answer of asked)
      if (answer.status === 'fulfilled')
        for (const name of Object.keys(pool) as (keyof PoolFigures)[]) pool[name] += answer.value.pool[name];
    return { ...count(), pool };
  };
  return {
    add(id, worker, peer) {
      peers.set(id, peer);
      serveStore(store, worker);
      peer.on('event', (event) => {
        for (const other of othersThan(id)) other.tell('event', event);
      });
      peer.on('barrier', async () => {
        await Promise.allSettled(othersThan(id).map((other) => other.ask('barrier', undefined, ASKING_MS)));
      });
      peer.on('find document', (hash: string) => documents.get(hash));
      peer.on('keep document', ({ hash, text }: { hash: string; text: string }) => documents.set(hash, text));
      peer.on('take place', ({ key, max }: { key: string; max: number }) => places.take(id, key, max));
      peer.on('give place back', (key: string) => places.giveBack(id, key));
      peer.on('figures', figures);
    },
    remove(id) {
      peers.delete(id);
      places.release(id);
    },
  };
}
