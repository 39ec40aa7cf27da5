import { connect, type Socket } from 'node:net';

export type HostileSockets = {
  /** Connections that the other side has not closed. */
  held: () => number;
  /** What each that was closed has read, from its beginning. */
  read: () => readonly string[];
  destroy: () => void;
};

const MAX_KEPT = 200;

/** Opens connections, and does with each what `begin` does. Those that do not read are paused there. */
export function openHostileSockets(port: number, count: number, begin: (socket: Socket) => void): HostileSockets {
  const open = new Set<Socket>();
  const read: string[] = [];
  const all = Array.from({ length: count }, () => {
    const socket = connect({ port, host: '127.0.0.1' });
    let text = '';
    open.add(socket);
    socket.on('data', (chunk: Buffer) => {
      if (text.length < MAX_KEPT) text += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      open.delete(socket);
      read.push(text);
    });
    socket.once('connect', () => begin(socket));
    return socket;
  });
  return {
    held: () => open.size,
    read: () => read,
    destroy: () => {
      for (const socket of all) socket.destroy();
    },
  };
}
