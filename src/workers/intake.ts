import { Socket } from 'node:net';
import type { Connections } from '../http/connections.ts';
import type { Peer } from './peer.ts';

/** Takes the connections that the primary hands over, and tells it, once in a turn of the event loop, which have come and how many have gone. */
export function createIntake(primary: Peer) {
  let taken: number[] = [];
  let closed = 0;
  let isScheduled = false;

  const report = () => {
    isScheduled = false;
    if (taken.length > 0) primary.tell('connections taken', taken);
    if (closed > 0) primary.tell('connections closed', closed);
    taken = [];
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
        taken.push(id);
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
    },
  };
}
