// What the primary does for its workers where no Redis does it for all machines: it counts, passes events on, and asks around.

import type { ChildProcess } from 'node:child_process';
import { serveStore } from '../rate-limit/shared-store.ts';
import type { RateLimitStore } from '../rate-limit/store.ts';
import type { Peer } from './peer.ts';

/** How long a worker may take to hear of what was committed: one that is slower is busy, and others do not wait for it. */
const BARRIER_MS = 500;

export type Switchboard = {
  add(id: number, worker: ChildProcess, peer: Peer): void;
  remove(id: number): void;
};

/** `store`: where requests, points and calls of fields are counted for all. */
export function createSwitchboard(store: RateLimitStore): Switchboard {
  const peers = new Map<number, Peer>();
  const othersThan = (id: number) => Array.from(peers).flatMap(([other, peer]) => (other === id ? [] : [peer]));
  return {
    add(id, worker, peer) {
      peers.set(id, peer);
      serveStore(store, worker);
      peer.on('event', (event) => {
        for (const other of othersThan(id)) other.tell('event', event);
      });
      peer.on('barrier', async () => {
        await Promise.allSettled(othersThan(id).map((other) => other.ask('barrier', undefined, BARRIER_MS)));
      });
    },
    remove: (id) => void peers.delete(id),
  };
}
