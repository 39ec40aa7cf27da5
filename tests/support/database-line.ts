import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/**
 * A way to a database that can be spoilt. `silence`: nothing travels any more over the connections that are open, and nobody is told;
 * with `newToo`, over those to come neither, until `mend`. `reset`: connections that are open are forgotten, as by a firewall: whoever
 * sends something over one learns then that it is gone. `open`: how many there are, silent ones left out.
 */
export async function aLineTo(databaseUrl: string) {
  const { hostname, port } = new URL(databaseUrl);
  type Pair = { client: Socket; database: Socket; isSilent: boolean; isForgotten: boolean };
  const pairs = new Set<Pair>();
  let isSilent = false;
  const server = createServer((client) => {
    const database = connect(Number(port), hostname);
    const pair: Pair = { client, database, isSilent, isForgotten: false };
    pairs.add(pair);
    for (const [from, to] of [
      [client, database],
      [database, client],
    ] as const) {
      from.on('data', (data) => {
        if (pair.isForgotten) client.resetAndDestroy();
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
    for (const { client, database } of pairs) for (const socket of [client, database]) socket.destroy();
    server.close();
  });
  return {
    url: Object.assign(new URL(databaseUrl), { hostname: '127.0.0.1', port: String((server.address() as AddressInfo).port) }).toString(),
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
        pair.database.destroy();
      }
    },
    open: () => [...pairs].filter((pair) => !pair.isSilent).length,
  };
}
