import { execFileSync } from 'node:child_process';
import type { Gateway } from '../harness/gateway.ts';

/** The processes of a gateway's workers. */
export function workersOf({ pid }: Pick<Gateway, 'pid'>): number[] {
  return processes()
    .filter(({ parent }) => parent === pid)
    .map(({ pid: child }) => child);
}

/** Those that run still. */
export function running(pids: readonly number[]): number[] {
  const all = new Set(processes().map(({ pid }) => pid));
  return pids.filter((pid) => all.has(pid));
}

/** What a gateway and its workers take in memory, in MB. */
export function memoryOf({ pid }: Pick<Gateway, 'pid'>): number {
  const kilobytes = processes().map((one) => (one.pid === pid || one.parent === pid ? one.kilobytes : 0));
  return Math.round(kilobytes.reduce((sum, each) => sum + each, 0) / 1024);
}

/** Those that do not run any more are no fault. */
export function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** All that run; what has ended and was not reaped is left out. */
function processes(): { pid: number; parent: number; kilobytes: number }[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,rss=,stat='], { encoding: 'utf8' }).trim().split('\n');
  return lines.flatMap((line) => {
    const [pid = '', parent, kilobytes, state = ''] = line.trim().split(/\s+/);
    return state.startsWith('Z') ? [] : [{ pid: Number(pid), parent: Number(parent), kilobytes: Number(kilobytes) }];
  });
}
