import { readFile } from 'node:fs/promises';
import { isAlive } from './file-lock.ts';

/** Whether a process runs. One that has ended and that nobody has reaped, as in a container without init, does not. */
export async function isRunning(pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !state.slice(state.lastIndexOf(')') + 2).startsWith('Z');
}
