// A start that was killed leaves connections: its workers finish what they have begun, and for a process that was killed itself the
// server may be at work yet. The next start on this machine knows them by their names, and counts them, so that the budget holds.

import { createHash, randomUUID } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { isRunning } from '../resources/is-running.ts';
import { readConnectionNames } from '../resources/server-connections.ts';

const PAUSE_MS = 100;
/** How long a worker without a primary may take to finish what it has begun, in milliseconds. */
export const ORPHAN_MS = 30_000;

/** What the connections of this start are called; behind a slash follows the id of the process that holds them. */
export async function nameOfStart(): Promise<string> {
  return `${await nameOfMachine()}-${process.pid}`;
}

/**
 * Looks for processes of former starts that hold connections to this database, while no primary leads them. Each of `leftovers` resolves
 * when one is gone, with its connections, which `endConnections` ends by their name. Gateways that are led, and other machines, have none.
 */
export async function openFormerStarts(databaseUrl: string, endConnections: (name: string) => Promise<void>) {
  const closing = new AbortController();
  const { signal } = closing;
  const found = (await readConnectionNames(databaseUrl, `${await nameOfMachine()}-`)).flatMap(ownersOf);
  const areLed = await Promise.all(found.map(({ primary }) => isRunning(primary)));

  async function gone({ name, pid }: Owners): Promise<void> {
    // One that was stopped holds what it has for ever.
    const until = performance.now() + ORPHAN_MS;
    while (!signal.aborted && (await isRunning(pid)) && performance.now() < until)
      await wait(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) await endConnections(name);
  }

  return {
    leftovers: found.filter((_, i) => !areLed[i]).map(gone),
    close: () => closing.abort(),
  };
}

type Owners = { name: string; primary: number; pid: number };

function ownersOf(name: string): Owners[] {
  const [, primary, pid] = /-(\d+)\/(\d+)$/.exec(name) ?? [];
  return pid === undefined ? [] : [{ name, primary: Number(primary), pid: Number(pid) }];
}

/** The same for all processes of this boot that know each other by the same ids, and for no others. Where the system does not tell, another one each time. */
async function nameOfMachine(): Promise<string> {
  const parts = await Promise.all([readFile('/proc/sys/kernel/random/boot_id', 'utf8'), readlink('/proc/self/ns/pid')]).catch(() => [
    randomUUID(),
  ]);
  return `convoy ${createHash('sha256').update(parts.join()).digest('hex').slice(0, 12)}`;
}
