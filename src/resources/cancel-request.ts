import pg from 'pg';
import { setTimeoutAfterPoll } from '../gateway/timeout-after-poll.ts';

/** What of node-postgres is needed here and is not in its types. */
type Cancelled = Pick<pg.Client, 'host' | 'port'> & { ssl: unknown; sslNegotiation: string; processID: number; secretKey: number };
type Connection = pg.Connection & {
  connect(portOrPath: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processID: number, secretKey: number): void;
};

/**
 * Asks the server to cancel what a connection runs, over a connection of its own, encrypted where the first one is. Resolves when the
 * server has closed that: it has sent its signal before, and none comes later. Rejects where this cannot be known, and after `timeoutMs`.
 */
export function sendCancelRequest(client: pg.ClientBase, timeoutMs: number): Promise<void> {
  const { host, port, ssl, sslNegotiation, processID, secretKey } = client as unknown as Cancelled;
  const connection = new pg.Connection({ ssl, sslNegotiation } as pg.ConnectionConfig) as Connection;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timeout = setTimeoutAfterPoll(() => {
    reject(new Error('The server did not take the cancel request in time.'));
    connection.stream.destroy();
  }, timeoutMs);
  let isSent = false;
  const send = () => {
    connection.cancel(processID, secretKey);
    isSent = true;
  };
  connection.on('connect', () => {
    if (!ssl) send();
    else if (sslNegotiation !== 'direct') connection.requestSsl();
  });
  connection.on('sslconnect', send);
  connection.on('error', reject);
  connection.on('end', () => {
    timeout.cancel();
    if (isSent) resolve();
    else reject(new Error('The server has closed before it took the cancel request.'));
  });
  // node-postgres marks a folder of unix sockets so.
  if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`);
  else connection.connect(port, host);
  return promise;
}
