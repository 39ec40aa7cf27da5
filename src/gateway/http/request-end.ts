import type { ServerResponse } from 'node:http';

/** What knows when a request ends: the context of Yoga's hooks. `res` is absent for a request that came over no socket. */
export type Endable = { res?: ServerResponse; request?: Request };

/**
 * Calls `end` once, when the request is over: its answer has been written or its connection is closed. For a request that came over no
 * socket, that is when its signal is aborted. Calls it at once if the request is over already.
 */
export function onRequestEnd({ res, request }: Endable, end: () => void): void {
  if (res) {
    if (res.destroyed || res.closed) end();
    else res.once('close', end);
  } else if (request?.signal.aborted) end();
  else request?.signal.addEventListener('abort', end, { once: true });
}
