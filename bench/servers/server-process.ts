import { spawnServer } from '../../harness/server-process.ts';

const STOP_MS = 5_000;
/** A server that complains at each request would fill the memory. */
const MAX_OUTPUT = 20_000;

export type ServerProcess = Awaited<ReturnType<typeof startProcess>>;

/** Starts what prints `GraphQL <url>` when it listens, with these settings and nothing of the caller's own. */
export async function startProcess(command: readonly string[], settings: Record<string, string>) {
  const { pid, ready, ended, output, stop } = spawnServer(command, {
    env: { NODE_ENV: 'production', ...settings },
    announcement: /GraphQL +(\S+)\s/,
    maxOutput: MAX_OUTPUT,
    // A terminal's Ctrl-C is for whoever measures, who ends it in time.
    detached: true,
  });
  return {
    pid,
    url: (await ready).replace('localhost', '127.0.0.1'),
    /** Settles when the process has ended, however that came. */
    ended,
    /** The last that it has printed. */
    output,
    /** As Ctrl-C does: a gateway does not wait for clients whose connections are kept. */
    stop: async () => void (await stop('SIGINT', { killAfterMs: STOP_MS })),
  };
}
