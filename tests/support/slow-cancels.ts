import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

/** A cancel request is so long, and no other first message of a client is: the protocol's length, code, process and key. */
const CANCEL_BYTES = 16;

/**
 * Stands before a database. Cancel requests come to the server after `delayMs()`; where that is Infinity, never. The connection of a
 * request is open until the server has closed it. `cancels`: how many requests have come.
 */
export async function delayCancels(databaseUrl: string, delayMs: () => number) {
  const { hostname, port } = new URL(databaseUrl);
  let cancels = 0;
  const proxy = createServer(async (client) => {
    client.on('error', () => undefined);
    const [first] = (await once(client, 'data')) as [Buffer];
    client.pause();
    if (first.length === CANCEL_BYTES) {
      cancels++;
      const delay = delayMs();
      if (delay === Number.POSITIVE_INFINITY) return;
      await wait(delay);
    }
    const server = connect(Number(port), hostname);
    server.on('error', () => client.destroy());
    server.on('close', () => client.destroy());
    client.on('close', () => server.destroy());
    server.write(first);
    client.pipe(server).pipe(client);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => void proxy.close());
  const url = Object.assign(new URL(databaseUrl), { port: String((proxy.address() as AddressInfo).port) }).toString();
  return { url, cancels: () => cancels };
}
