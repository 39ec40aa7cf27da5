// CPU and memory of processes, from /proc: Linux only. Elsewhere the figures are missing.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import os from 'node:os';

const isLinux = os.platform() === 'linux';
const TICKS_A_SECOND = isLinux ? Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })) : 100;

type Stat = { pid: number; parent: number; ticks: number; residentBytes: number };
/** CPU includes that of children which have ended. */
export type ProcessUsage = { pid: number; cpuSeconds: number; residentMegabytes: number };

const PAGE_BYTES = isLinux ? Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' })) : 4096;

/** The process and those below it together. */
export function usageOf(pid: number): { cpuSeconds: number; residentMegabytes: number } {
  if (!isLinux) return { cpuSeconds: Number.NaN, residentMegabytes: Number.NaN };
  const found = usagesOf(pid);
  return {
    cpuSeconds: found.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    residentMegabytes: found.reduce((sum, { residentMegabytes }) => sum + residentMegabytes, 0),
  };
}

/** The process, then those below it. Empty where it is gone, and elsewhere than on Linux. */
export function usagesOf(pid: number): ProcessUsage[] {
  if (!isLinux) return [];
  const all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (readStat(Number(name)) ?? []) : []));
  const children = Map.groupBy(all, ({ parent }) => parent);
  const found: Stat[] = all.filter((process) => process.pid === pid);
  for (const process of found) found.push(...(children.get(process.pid) ?? []));
  return found.map(({ pid, ticks, residentBytes }) => ({
    pid,
    cpuSeconds: ticks / TICKS_A_SECOND,
    residentMegabytes: residentBytes / 2 ** 20,
  }));
}

/** The memory of a process where what several share is divided among them (PSS); undefined where nobody tells. */
export async function proportionalMegabytes(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  const kilobytes = /^Pss: +(\d+) kB$/m.exec(text)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
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
