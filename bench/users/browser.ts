// A user's one connection, kept alive as a browser does. Over undici, because no load tool does what is wanted here for the CPU that a
// machine of two cores has left: Artillery's users think, but take 2,700 microseconds of CPU a request (and 590 MB of packages), and
// autocannon has connections and no users. With undici, 2,000 thinking users take 140 microseconds a request.

import { Client } from 'undici';
import { addressOf } from '../load/addresses.ts';

export type Reply = {
  status: number;
  text: string;
  /** Whether the answer was kept; undefined where the gateway does not say. */
  isKept: boolean | undefined;
};

export type Browser = ReturnType<typeof openBrowser>;

/** How long an answer is waited for. */
const PATIENCE_MS = 15_000;

/** A connection that has died, as one does that the server had enough of. A request that got nowhere may be sent again by any client. */
const DEAD = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** `onConnect` is told of each connection, `onRetry` of each request that is sent a second time. */
export function openBrowser(url: URL, addressIndex: number, { onConnect, onRetry }: { onConnect: () => void; onRetry: () => void }) {
  const client = new Client(url.origin, {
    pipelining: 1,
    connect: { timeout: PATIENCE_MS },
    headersTimeout: PATIENCE_MS,
    bodyTimeout: PATIENCE_MS,
    keepAliveTimeout: 60_000,
    // Of what the server says how long it keeps one: a user may think for three of node:http's five seconds.
    keepAliveTimeoutThreshold: 500,
  });
  client.on('connect', onConnect);
  const path = `${url.pathname}${url.search}`;
  const own = { 'content-type': 'application/json', accept: 'application/json', 'x-forwarded-for': addressOf(addressIndex) };

  async function send(body: string, token: string | undefined): Promise<Reply> {
    const headers = token === undefined ? own : { ...own, authorization: `Bearer ${token}` };
    const { statusCode, headers: received, body: content } = await client.request({ path, method: 'POST', headers, body });
    const kept = received['x-cache'];
    return { status: statusCode, text: await content.text(), isKept: kept === undefined ? undefined : kept === 'hit' };
  }

  return {
    /** Rejects where there is no answer. `mayRetry`: of a query, which changes nothing; a mutation may have been done already. */
    async ask(body: string, { token, mayRetry }: { token?: string; mayRetry: boolean }): Promise<Reply> {
      try {
        return await send(body, token);
      } catch (error) {
        if (!mayRetry || client.destroyed || !DEAD.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
        onRetry();
        return await send(body, token);
      }
    },
    /** Also ends what is under way. */
    close: () => client.destroy(),
  };
}
