// The gateway as an operator starts it: a process with settings.

import { variables } from '../src/config.ts';
import { shippedCommand } from './commands.ts';
import { READY, spawnServer } from './server-process.ts';

const START_MS = 60_000;
/** How long a gateway may take to stop before it is killed. */
const STOP_MS = 5_000;

/** No setting of whoever runs the command, nor of a file .env: an empty one counts as absent. */
const NOTHING = Object.fromEntries(Object.keys(variables).map((name) => [name, '']));

export type Gateway = Awaited<ReturnType<typeof startGateway>>;

/** Starts a gateway on a free port, and waits until it is ready. Throws with what it has printed where it ends instead. `settings`: environment variables. */
export async function startGateway(settings: Readonly<Record<string, string>>) {
  const { pid, ready, output, isAlive, stop } = spawnServer(shippedCommand(), {
    // One process: checks look at its memory, and count what it holds.
    env: { ...NOTHING, PORT: '0', MAX_WORKERS: '1', ...settings },
    announcement: READY,
  });
  const timer = setTimeout(() => stop('SIGKILL'), START_MS);
  const url = await ready
    .catch(() => {
      throw new Error(`a gateway did not start: ${output().trim()}`);
    })
    .finally(() => clearTimeout(timer));
  return {
    url,
    port: Number(new URL(url).port),
    pid,
    databaseUrl: settings.DATABASE_URL ?? '',
    /** All that it has printed. */
    output,
    isAlive,
    /** As Ctrl-C does: clients whose connections are kept are not waited for. */
    stop: async () => void (await stop('SIGINT', { killAfterMs: STOP_MS })),
  };
}
