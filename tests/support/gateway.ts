// The real process: what an operator starts, on a port of its own.

import { nodeCommand } from '../../harness/commands.ts';
import { READY, spawnServer } from '../../harness/server-process.ts';

export const SECRET_KEY = 'a key for the tests of the process, long enough';

type StartOptions = {
  main?: string;
  uid?: number;
  program?: string;
  /** How many files and sockets each of its processes may have open (`ulimit -n`). Default the caller's limit. */
  maxOpenFiles?: number;
};

/** Starts src/main.ts, or another file, as this user or another, by this Node or a copy of it, with these settings over a free port and no limits of rate, and nothing of the caller's own settings. */
export function startGateway(settings: Record<string, string>, { main = 'src/main.ts', uid, program, maxOpenFiles }: StartOptions = {}) {
  const { NODE_COMPILE_CACHE } = process.env;
  const limit = maxOpenFiles === undefined ? [] : ['prlimit', `--nofile=${maxOpenFiles}`];
  const { ready, ...gateway } = spawnServer([...limit, ...nodeCommand(main, program)], {
    // Tests ask more often than any client may.
    env: { NODE_COMPILE_CACHE, PORT: '0', RATE_LIMIT_ENABLED: 'false', MAX_WORKERS: '1', ...settings },
    uid,
    announcement: READY,
  });
  const listening = ready.then((url) => ({ url, origin: new URL(url).origin }));
  listening.catch(() => undefined);
  return { ...gateway, ready: listening };
}
