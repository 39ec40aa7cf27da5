// A way to a server that can be cut, or fall silent.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type TcpProxy = Awaited<ReturnType<typeof openTcpProxy>>;

/** Takes connections on a port of its own and leads them to another server. */
export async function openTcpProxy({ hostname, port: target }: { hostname: string; port: number }) {
  const open = new Set<Socket>();
  const servers = new Set<Socket>();
  let isCut = false;
  let isSilent = false;
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    if (isCut) return void client.destroy();
    const server = connect({ host: hostname, port: target, allowHalfOpen: true });
    servers.add(server);
    server.once('close', () => servers.delete(server));
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      open.add(socket);
      socket.on('error', () => undefined);
      // What comes is still taken, as by a network that has lost the way and tells nobody.
      socket.on('data', (chunk) => {
        if (!isSilent && !other.write(chunk)) {
          socket.pause();
          other.once('drain', () => socket.resume());
        }
      });
      socket.once('end', () => {
        if (isSilent) socket.end();
        else other.end();
      });
      socket.once('close', () => {
        open.delete(socket);
        if (!isSilent) other.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const cut = () => {
    isCut = true;
    for (const socket of open) socket.destroy();
  };
  return {
    port,
    /** Ends all connections, and lets no new one through until `mend`. */
    cut,
    mend: () => {
      isCut = false;
    },
    /** From now on nothing arrives on either side, also not that a side has closed. */
    silence: () => {
      isSilent = true;
    },
    /** Connections that the server has not closed. */
    held: () => servers.size,
    close: () => {
      cut();
      listener.close();
    },
  };
}
