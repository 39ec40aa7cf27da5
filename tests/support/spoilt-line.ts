import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/**
 * A way to a server that can be spoilt. `silence`: nothing travels any more over the connections that are open, and nobody is told;
 * with `newToo`, over those to come neither, until `mend`. `reset`: connections that are open are forgotten, as by a firewall: whoever
 * sends something over one learns then that it is gone. `delay`: what travels takes so many milliseconds each way.
 */
export async function aLineTo(url: string) {
  const { hostname, port } = new URL(url);
  type Pair = { client: Socket; server: Socket; isSilent: boolean; isForgotten: boolean };
  const pairs = new Set<Pair>();
  let isSilent = false;
  let delayMs = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    const pair: Pair = { client, server: upstream, isSilent, isForgotten: false };
    pairs.add(pair);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('data', (data) => {
        if (pair.isForgotten) client.resetAndDestroy();
        else if (!pair.isSilent && delayMs > 0) setTimeout(() => to.write(data), delayMs);
        else if (!pair.isSilent) to.write(data);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        if (!pair.isSilent && !pair.isForgotten) to.destroy();
        if (from === client) pairs.delete(pair);
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const pair of pairs) for (const socket of [pair.client, pair.server]) socket.destroy();
    server.close();
  });
  return {
    url: Object.assign(new URL(url), { hostname: '127.0.0.1', port: String((server.address() as AddressInfo).port) }).toString(),
    silence: ({ newToo = false } = {}) => {
      isSilent = newToo;
      for (const pair of pairs) pair.isSilent = true;
    },
    mend: () => {
      isSilent = false;
    },
    reset: () => {
      for (const pair of pairs) {
        pair.isForgotten = true;
        pair.server.destroy();
      }
    },
    delay: (ms: number) => {
      delayMs = ms;
    },
  };
}
