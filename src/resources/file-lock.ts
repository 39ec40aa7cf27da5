import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { StartError } from '../errors.ts';

const TIMEOUT_MS = 60_000;
/** How old a lock without its owner's id may be. */
const UNWRITTEN_MS = 5000;
/** What this process holds: a file may carry its id without that, from a container's former life, where ids begin at 1 again. */
const held = new Set<string>();

/**
 * Runs the work while no other process, and no other caller in this one, runs work under the same file. A lock whose owner is gone is
 * taken over. `doing` completes the sentence of the StartError that ends a wait of a minute: "Another process has been …".
 */
export async function withLock<T>(file: string, doing: string, work: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + TIMEOUT_MS; !(await take(file)); ) {
    if (Date.now() > deadline) throw new StartError(`Another process has been ${doing} for a minute. If none is, delete ${file}.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  try {
    return await work();
  } finally {
    held.delete(file);
    await rm(file, { force: true });
  }
}

async function take(file: string): Promise<boolean> {
  if (held.has(file)) return false;
  held.add(file);
  try {
    const handle = await open(file, 'wx');
    await handle.write(String(process.pid));
    await handle.close();
    return true;
  } catch (error) {
    held.delete(file);
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (await isAbandoned(file)) await removeAbandoned(file);
    return false;
  }
}

/** Two processes may find the same lock abandoned; whichever comes second must not remove what the first has taken since. */
async function removeAbandoned(file: string): Promise<void> {
  const aside = `${file}.${process.pid}`;
  await rename(file, aside).catch(() => undefined);
  if (await isAbandoned(aside)) await rm(aside, { force: true });
  else await rename(aside, file).catch(() => undefined);
}

async function isAbandoned(file: string): Promise<boolean> {
  const owner = Number(await readFile(file, 'utf8').catch(() => ''));
  // Without an id, its owner is about to write it, or ended before it could.
  if (owner === 0)
    return await stat(file).then(
      ({ mtimeMs }) => Date.now() - mtimeMs > UNWRITTEN_MS,
      () => false,
    );
  return owner === process.pid ? !held.has(file) : !isAlive(owner);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
