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
      reject(new StartError(sentenceOf(error.code, port, host)));
    });
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      // What fails later, as for want of file descriptors, is one connection.
      server.on('error', () => undefined);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function sentenceOf(code: string | undefined, port: number, host: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is taken: another program, or another Convoy, listens there. Set PORT to a free one.`;
    case 'EACCES':
      return `This user may not listen on port ${port}. Set PORT to one from 1024 on, or permit it.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} is no address of this machine (${code}). Set HOST to one that is, or to 0.0.0.0 for all.`;
    default:
      return `Cannot listen on ${host}:${port} (${code}). Check HOST and PORT.`;
  }
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
