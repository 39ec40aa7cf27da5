import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** An address behind which one server stands, and then another one. */
export async function anAddress(url: string, firstPort: number) {
  let target = firstPort;
  const sockets = new Set<Socket>();
  const proxy = createServer((socket) => {
    const other = connect(target, '127.0.0.1');
    for (const one of [socket, other]) {
      sockets.add(one);
      one.on('error', () => undefined).on('close', () => sockets.delete(one));
    }
    socket.pipe(other).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(() => {
    cut();
    proxy.close();
  });
  const address = Object.assign(new URL(url), { port: String((proxy.address() as AddressInfo).port) }).toString();
  const turnTo = (port: number) => {
    target = port;
    cut();
  };
  return { address, turnTo };
}
