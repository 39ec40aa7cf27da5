import type { AddressInfo, Server } from 'node:net';
import { StartError } from '../errors.ts';

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
