// CPU and memory of processes, from /proc: Linux only. Elsewhere the figures are missing.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';

const isLinux = os.platform() === 'linux';
const TICKS_A_SECOND = isLinux ? Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })) : 100;

type Stat = { pid: number; parent: number; ticks: number; residentBytes: number };

const PAGE_BYTES = isLinux ? Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' })) : 4096;

/** The process and those below it: seconds of CPU, including that of children which have ended, and resident memory. */
export function usageOf(pid: number): { cpuSeconds: number; residentMegabytes: number } {
  if (!isLinux) return { cpuSeconds: Number.NaN, residentMegabytes: Number.NaN };
  const all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (readStat(Number(name)) ?? []) : []));
  const children = Map.groupBy(all, ({ parent }) => parent);
  const found: Stat[] = all.filter((process) => process.pid === pid);
  for (const process of found) found.push(...(children.get(process.pid) ?? []));
  return {
    cpuSeconds: found.reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_A_SECOND,
    residentMegabytes: found.reduce((sum, { residentBytes }) => sum + residentBytes, 0) / 2 ** 20,
  };
}

function readStat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold anything. Behind it: state (0), parent (1), utime (11), stime, cutime, cstime, … rss (21).
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const ticks = [11, 12, 13, 14].reduce((sum, i) => sum + (fields[i] ?? 0), 0);
    return { pid, parent: fields[1] ?? 0, ticks, residentBytes: (fields[21] ?? 0) * PAGE_BYTES };
  } catch {
    return undefined;
  }
}

export const parentOf = (pid: number): number => readStat(pid)?.parent ?? Number.NaN;
