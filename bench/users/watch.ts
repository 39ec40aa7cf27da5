// CPU and memory of the gateway's processes, of PostgreSQL, of Redis, and of the load itself, second by second.

import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { proportionalMegabytes, usageOf, usagesOf } from '../measure/processes.ts';

/** `cpu`: in cores. `megabytes`: resident; `ownMegabytes`: with what several processes share divided among them, looked at now and then. */
export type ProcessSample = { name: string; cpu: number; megabytes: number; ownMegabytes: number | undefined };
/** `otherCpu`: what everything else on the machine took, in cores. */
export type WatchSample = { atSecond: number; processes: ProcessSample[]; otherCpu: number };

/** Undefined or 0 for what is not there, or not on this machine. */
export type Watched = { gateway: number; postgres: number; redis: number };

export const LOAD = 'load';
export const isOfGateway = (name: string): boolean => name === 'gateway' || name === 'primary' || name.startsWith('worker ');

/** Seconds between two looks at the memory that is a process's own: it takes the kernel milliseconds. */
const OWN_MEMORY_SECONDS = 5;

type Group = { name: string; pids: number[]; cpuSeconds: number; megabytes: number };

export function createWatch({ gateway, postgres, redis }: Watched) {
  const samples: WatchSample[] = [];
  const workers = new Map<number, string>();
  const begun = performance.now();
  let before = { at: begun, busy: busySeconds(), cpu: new Map(groups().map(({ name, cpuSeconds }) => [name, cpuSeconds])) };
  let own = new Map<string, number | undefined>();
  let ownAt = Number.NEGATIVE_INFINITY;

  /** The gateway's processes each for itself, everything of PostgreSQL together. */
  function groups(): Group[] {
    const [first, ...others] = gateway ? usagesOf(gateway) : [];
    const single = (name: string, usage: { pid: number; cpuSeconds: number; residentMegabytes: number }): Group => ({
      name,
      pids: [usage.pid],
      cpuSeconds: usage.cpuSeconds,
      megabytes: usage.residentMegabytes,
    });
    const together = (name: string, pid: number): Group[] => {
      const found = pid ? usagesOf(pid) : [];
      const { cpuSeconds, residentMegabytes } = usageOf(pid);
      return found.length ? [{ name, pids: found.map((usage) => usage.pid), cpuSeconds, megabytes: residentMegabytes }] : [];
    };
    const { user, system } = process.cpuUsage();
    return [
      ...(first ? [single(others.length ? 'primary' : 'gateway', first)] : []),
      ...others.map((usage) =>
        single(
          workers.getOrInsertComputed(usage.pid, () => `worker ${workers.size + 1}`),
          usage,
        ),
      ),
      ...together('PostgreSQL', postgres),
      ...together('Redis', redis),
      { name: LOAD, pids: [process.pid], cpuSeconds: (user + system) / 1e6, megabytes: process.memoryUsage.rss() / 2 ** 20 },
    ];
  }

  async function look(): Promise<void> {
    const now = performance.now();
    const found = groups();
    if (now - ownAt >= OWN_MEMORY_SECONDS * 1000) {
      ownAt = now;
      own = new Map(await Promise.all(found.map(async ({ name, pids }) => [name, await sumOf(pids)] as const)));
    }
    const seconds = (now - before.at) / 1000;
    const busy = busySeconds();
    const processes = found.map(({ name, cpuSeconds, megabytes }) => ({
      name,
      cpu: Math.max(0, cpuSeconds - (before.cpu.get(name) ?? cpuSeconds)) / seconds,
      megabytes,
      ownMegabytes: own.get(name),
    }));
    const known = processes.reduce((sum, { cpu }) => sum + cpu, 0);
    samples.push({ atSecond: (now - begun) / 1000, processes, otherCpu: Math.max(0, (busy - before.busy) / seconds - known) });
    before = { at: now, busy, cpu: new Map(found.map(({ name, cpuSeconds }) => [name, cpuSeconds])) };
  }

  return { look, samples: (): readonly WatchSample[] => samples };
}

/** Of all cores, whoever took it. */
function busySeconds(): number {
  return os.cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0) / 1000;
}

async function sumOf(pids: readonly number[]): Promise<number | undefined> {
  const found = await Promise.all(pids.map(proportionalMegabytes));
  return found.every((each) => each === undefined) ? undefined : found.reduce<number>((sum, each) => sum + (each ?? 0), 0);
}

/** Does the work each second until it is stopped; a second that took longer is followed by the next at once. */
export function eachSecond(work: (atSecond: number) => Promise<void>) {
  const stopping = new AbortController();
  const begun = performance.now();
  const working = (async () => {
    for (let next = 1; ; next++) {
      await sleep(Math.max(0, begun + next * 1000 - performance.now()), undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      await work(next);
    }
  })();
  return async (): Promise<void> => {
    stopping.abort();
    await working;
  };
}
