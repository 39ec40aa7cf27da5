import type { AddressInfo, Server } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { StartError } from '../errors.ts';

/**
 * How long a turn of the event loop may take whose end closes a server. What comes in meanwhile is reset, with the request on it, so that
 * a turn which had much else to do is a bad one.
 */
const QUIET_MS = 0.3;
/** How long a quiet turn is waited for: clients that never stop coming must not keep the server. */
const PATIENCE_MS = 1000;

/** Listens, and resolves to the port. Throws StartError with one sentence where it cannot. */
export function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE';
      reject(
        new StartError(
          isTaken
            ? `Port ${port} is taken: another program, or another Convoy, listens there. Set PORT to a free one.`
            : `Cannot listen on ${host}:${port} (${error.code}).`,
        ),
      );
    });
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      // What fails later, as for want of file descriptors, is one connection.
      server.on('error', () => undefined);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Accepts what waits to be accepted, which would be reset with the requests on it, and stops listening. */
export async function stopListening(server: Server): Promise<void> {
  let accepted = 0;
  const count = () => void accepted++;
  server.on('connection', count);
  const end = performance.now() + PATIENCE_MS;
  // The first turn may be the rest of one whose connections have been accepted already.
  await setImmediate();
  for (let isQuiet = false; !isQuiet && performance.now() < end; ) {
    const [before, since] = [accepted, performance.now()];
    await setImmediate();
    isQuiet = accepted === before && performance.now() - since < QUIET_MS;
  }
  server.off('connection', count);
  server.close();
}
