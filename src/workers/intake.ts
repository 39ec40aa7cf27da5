import { Socket } from 'node:net';
import type { Connections } from '../http/connections.ts';
import type { Peer } from './peer.ts';

/** Of the connections that were handed over up to the one with the id `upTo`, those whose ids are not among `ids`, now or before, are lost. */
export type Taken = { ids: number[]; upTo: number };

/** Takes the connections that the primary hands over, and tells it, once in a turn of the event loop, which have come and how many have gone. */
export function createIntake(primary: Peer) {
  let taken: Taken = { ids: [], upTo: -1 };
  let closed = 0;
  let isScheduled = false;

  const report = () => {
    isScheduled = false;
    if (taken.ids.length > 0 || taken.upTo >= 0) primary.tell('connections taken', taken);
    if (closed > 0) primary.tell('connections closed', closed);
    taken = { ids: [], upTo: -1 };
    closed = 0;
  };
  const schedule = () => {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(report);
  };

  return {
    /** For each connection that is closed. */
    onClose: () => {
      closed++;
      schedule();
    },
    start(connections: Connections): void {
      primary.on('connection', ({ id }: { id: number }, handle) => {
        taken.ids.push(id);
        schedule();
        // It has closed on the way.
        if (!handle) {
          closed++;
          return;
        }
        const socket = new Socket({ handle, allowHalfOpen: true } as ConstructorParameters<typeof Socket>[0]);
        socket.setNoDelay(true);
        connections.take(socket);
      });
      // It comes behind the connections that were sent before it. Of one that found no file descriptor here, nothing has come.
      primary.on('connections sent', (upTo: number) => {
        taken.upTo = upTo;
        schedule();
      });
    },
  };
}
