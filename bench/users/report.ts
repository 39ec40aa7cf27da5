// What a run comes to, as it is printed and kept.

import os from 'node:os';
import { aligned, milliseconds, whole } from '../report/table.ts';
import type { ScreenFigures, Second, Totals } from './figures.ts';
import { leastsOf } from './growth.ts';
import type { UsersOptions } from './options.ts';
import type { Verdict } from './thresholds.ts';
import { isOfGateway, type WatchSample } from './watch.ts';

/** Over the seconds when all users were there. `megabytes` and `ownMegabytes`: the most; see ProcessSample. */
export type ProcessFigures = { name: string; cpu: number; megabytes: number; ownMegabytes: number | undefined };

export type Report = {
  begunAt: string;
  machine: { cpu: string; cores: number; memoryGigabytes: number; system: string; node: string };
  options: Omit<UsersOptions, 'thresholds'>;
  /** Of a gateway that was started. */
  settings: Record<string, string>;
  accounts: number;
  /** Seconds from the first user until all were there. */
  rampSeconds: number;
  totals: Totals;
  screens: ScreenFigures[];
  /** The first message of each code. */
  examples: Record<string, string>;
  processes: ProcessFigures[];
  /** What everything else on the machine took meanwhile, in cores. */
  otherCpu: number;
  statementsPerRequest: number | undefined;
  /** Heaps of the gateway by /metrics, else its memory: of a soak. */
  memory: { what: string; growth: number | undefined; series: { atSecond: number; megabytes: number }[] } | undefined;
  verdicts: Verdict[];
  /** Why the run ended before its time. */
  broken: string | undefined;
  series: readonly Second[];
  watched: readonly WatchSample[];
  metrics: { before: unknown; after: unknown };
};

export const isGood = ({ verdicts, broken }: Report): boolean => broken === undefined && verdicts.every(({ holds }) => holds);

export const machineOf = (): Report['machine'] => ({
  cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
  cores: os.availableParallelism(),
  memoryGigabytes: Math.round(os.totalmem() / 2 ** 30),
  system: `${os.type()} ${os.release()} ${os.arch()}`,
  node: process.version,
});

export function processFigures(samples: readonly WatchSample[], fromSecond: number): ProcessFigures[] {
  const steady = samples.filter(({ atSecond }) => atSecond > fromSecond);
  const found = Map.groupBy(
    (steady.length > 0 ? steady : samples).flatMap(({ processes }) => processes),
    ({ name }) => name,
  );
  return Array.from(found, ([name, each]) => {
    const own = each.flatMap(({ ownMegabytes }) => ownMegabytes ?? []);
    return {
      name,
      cpu: each.reduce((sum, { cpu }) => sum + cpu, 0) / each.length,
      megabytes: Math.max(...each.map(({ megabytes }) => megabytes)),
      ownMegabytes: own.length > 0 ? Math.max(...own) : undefined,
    };
  });
}

export function otherCpu(samples: readonly WatchSample[], fromSecond: number): number {
  const steady = samples.filter(({ atSecond }) => atSecond > fromSecond);
  return steady.length === 0 ? Number.NaN : steady.reduce((sum, { otherCpu }) => sum + otherCpu, 0) / steady.length;
}

/** The gateway's largest process, at most; undefined where none is known. */
export function largestMegabytes(processes: readonly ProcessFigures[]): number | undefined {
  const found = processes.filter(({ name }) => isOfGateway(name)).map(({ megabytes }) => megabytes);
  return found.length > 0 ? Math.max(...found) : undefined;
}

/** From how much on the rest of the machine disturbs. */
const BUSY_CORES = 0.2;

const percent = (share: number | undefined) => (share === undefined ? '-' : `${Math.round(share * 100)} %`);
const times = (p: { p50: number; p95: number; p99: number; max: number }) =>
  [p.p50, p.p95, p.p99, p.max].map((value) => (Number.isNaN(value) ? '-' : milliseconds(value)));

export function textOf(report: Report): string {
  const { totals, screens, examples, processes, verdicts, memory, broken } = report;
  const titles = ['', 'requests', 'errors', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms', 'kept'];
  const rows = screens.map((figures) => [
    figures.screen,
    whole(figures.requests),
    whole(figures.errors),
    ...times(figures),
    percent(figures.keptShare),
  ]);
  const all = ['all', whole(totals.requests), whole(totals.errors), ...times(totals), ''];
  const usage = processes.map(({ name, cpu, megabytes, ownMegabytes }) => [
    name,
    `${(cpu * 100).toFixed(0)} %`,
    whole(megabytes),
    whole(ownMegabytes ?? Number.NaN),
  ]);
  const errors = screens.flatMap(({ screen, errorsByCode }) =>
    Object.entries(errorsByCode).map(([code, count]) => [`${screen}: ${code}`, whole(count)]),
  );
  return [
    aligned([titles, ...rows, all]),
    `
  ${totals.requestsPerSecond.toFixed(1)} requests/s over ${totals.seconds.toFixed(1)} s with all users there, who came in ${report.rampSeconds.toFixed(1)} s. ${report.accounts} of them have an account.
  ${report.statementsPerRequest === undefined ? '' : `${report.statementsPerRequest.toFixed(2)} statements a request. `}${whole(totals.connections)} connections were opened; ${totals.retries} requests were sent a second time, because theirs had died.
  Times count from when the user wanted to send; the load itself sent ${milliseconds(totals.lateness)} ms too late, as p99, which is part of them.
  Requests and errors are those from the first user on. kept: the share of answers from the response cache.`,
    ...(errors.length > 0 ? [`\n${aligned([['errors', ''], ...errors])}\n`, ...Object.values(examples).map((text) => `  ${text}`)] : []),
    `\n${aligned([['', 'of a core', 'MB', 'MB, shared parts divided'], ...usage])}`,
    ...(report.otherCpu > BUSY_CORES
      ? [`\n  Everything else on the machine took ${whole(report.otherCpu * 100)} % of a core meanwhile: expect noise.`]
      : []),
    ...(memory ? [`\n${aligned(memoryRows(memory))}`, `\n  ${memory.what}: ${growthText(memory.growth)}`] : []),
    ...(broken ? [`\n  ${broken}`] : []),
    `\n${aligned(
      verdicts.map(({ name, wanted, measured, holds }) => [name, wanted, measured, holds ? 'holds' : 'DOES NOT HOLD']),
      2,
    )}`,
  ].join('\n');
}

const MEMORY_ROWS = 10;

/** Over the time, what was left when garbage had been collected. */
const memoryRows = ({ what, series }: NonNullable<Report['memory']>): string[][] => [
  [`${what}, its least`, 'MB'],
  ...leastsOf(series, MEMORY_ROWS).map(({ atSecond, megabytes }) => [`until second ${whole(atSecond)}`, megabytes.toFixed(1)]),
];

const growthText = (growth: number | undefined): string =>
  growth === undefined
    ? 'the run was too short to tell whether it grows.'
    : `its least, which is what collections leave, is ${growth.toFixed(3)} times in the last third of the time what it was in the first.`;
