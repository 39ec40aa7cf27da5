import type { Server } from 'node:net';
import { setImmediate } from 'node:timers/promises';

/** Turns of the event loop that are waited for at most: clients that never stop coming must not keep a gateway from stopping. */
const MAX_TURNS = 100;

/**
 * Resolves when a turn of the event loop has brought no connection. A server that stops listening before has those reset that wait to be
 * accepted, with the requests that a proxy has sent on them already: a busy one had 10 to 50 of them.
 */
export async function acceptWaiting(server: Server): Promise<void> {
  let accepted = 0;
  const count = () => void accepted++;
  server.on('connection', count);
  // The first turn may be the rest of one whose connections have been accepted already.
  for (let turn = 0, before = -1; turn < MAX_TURNS && (turn < 2 || accepted > before); turn++) {
    before = accepted;
    await setImmediate();
  }
  server.off('connection', count);
}
