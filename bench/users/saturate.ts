// As many requests as go, for one worker and for several: what more processes are worth. Each round has new processes, because two of
// the same settings differ for as long as they live.

import type { BenchDatabase } from '../database/open-database.ts';
import type { Load } from '../load/open-load.ts';
import { drawWalks, type Walk } from '../load/operations.ts';
import { describe, machineFacts } from '../measure/machine.ts';
import { type Measured, measure } from '../measure/measure.ts';
import { median, medianOf, ratiosOf } from '../measure/median.ts';
import { usagesOf } from '../measure/processes.ts';
import { counted } from '../report/picture.ts';
import { aligned, milliseconds, range, whole } from '../report/table.ts';
import { checkWritable, writeJson } from '../report/write-report.ts';
import { behindProxy, NEVER_MET } from '../servers/behind-proxy.ts';
import { openFleet } from '../servers/fleet.ts';
import type { ServerSpec } from '../servers/servers.ts';
import { withSession } from '../session.ts';
import type { UsersOptions } from './options.ts';
import { judge, mergeThresholds, type Threshold } from './thresholds.ts';

/** Cores that PostgreSQL and the load take beside the workers. */
const OTHER_CORES = 2;
const WARM_UP_SECONDS = 1.5;

type Subject = { workers: number; spec: ServerSpec; processes: number; rounds: Measured[] };
type Saturation = NonNullable<UsersOptions['saturation']>;

/** Where there are cores for all, two workers must be worth more than one and a half; nowhere less than one. */
export function ratioFor(workers: number, cores: number): Threshold {
  return { name: 'ratio', bound: workers > 1 && cores >= workers + OTHER_CORES ? 1.6 : 1, isShare: false };
}

/** Returns what the process ends with: 0 where all thresholds hold, else 1; 130 where somebody interrupted. */
export async function saturate(options: UsersOptions, saturation: Saturation): Promise<number> {
  const { scale, workers = 1, settings } = options.started;
  if (options.json) await checkWritable(options.json);
  const subjects = [...new Set([1, workers])].map((count): Subject => {
    const own = { WORKER_CONNECTIONS: String(Math.max(1000, saturation.connections + 100)), ...settings, MAX_WORKERS: String(count) };
    return { workers: count, spec: behindProxy(`${count} workers`, { ...NEVER_MET, ...own }), processes: 0, rounds: [] };
  });
  let isGood = false;
  await withSession(async ({ server, load }) => {
    const database = await server.database(scale);
    const machine = await machineFacts(database.admin);
    console.log(describe(machine));
    const interrupted = () => {
      const whole = Math.min(...subjects.map(({ rounds }) => rounds.length));
      for (const subject of subjects) subject.rounds.length = whole;
      const soFar = { ...saturation, rounds: whole };
      if (whole > 0) report(subjects, ratiosOf(rates(subjects.at(-1)), rates(subjects[0])), soFar);
      console.error(`Interrupted after ${counted(whole, 'whole round')}.`);
    };
    // Beside the handler of the server, which closes it and ends the process.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupted);
    const walks = await drawWalks(database.admin, options.seed, 1 / 3);
    for (let round = 1; round <= saturation.rounds; round++) {
      // Nobody always comes after the same one.
      for (const subject of round % 2 === 1 ? subjects : subjects.toReversed())
        await measureOnce(subject, saturation, { database, load, walks, seed: options.seed * 1000 + round });
      console.error(`Round ${round} of ${saturation.rounds}.`);
    }
    const ratios = ratiosOf(rates(subjects.at(-1)), rates(subjects[0]));
    report(subjects, ratios, saturation);
    const thresholds = mergeThresholds([ratioFor(workers, machine.cores)], options.thresholds);
    const most = medianOf(subjects.at(-1)?.rounds ?? []);
    const verdicts = judge(thresholds, {
      ...most,
      p95: Number.NaN,
      errors: 0,
      requests: most.answered,
      memory: most.residentMegabytes,
      ratio: median(ratios),
    });
    console.log(
      `\n${aligned(
        verdicts.map(({ name, wanted, measured, holds }) => [name, wanted, measured, holds ? 'holds' : 'DOES NOT HOLD']),
        2,
      )}\n`,
    );
    if (options.json) await writeJson(options.json, { machine, options, subjects, ratios, verdicts });
    isGood = verdicts.every(({ holds }) => holds);
  });
  return isGood ? 0 : 1;
}

const rates = (subject: Subject | undefined) => subject?.rounds.map(({ requestsPerSecond }) => requestsPerSecond) ?? [];

type Round = { database: BenchDatabase; load: Load; walks: readonly Walk[]; seed: number };

async function measureOnce(subject: Subject, { connections, seconds }: Saturation, { database, load, walks, seed }: Round) {
  const fleet = await openFleet([{ ...subject.spec, isReference: true }], { database, load, walks });
  try {
    for (const { spec, process } of fleet.members) {
      const cell = { server: spec.name, pid: process.pid, connections, warmUpSeconds: WARM_UP_SECONDS, seconds, seed };
      subject.rounds.push(await measure(load, database.admin, cell));
      subject.processes = usagesOf(process.pid).length;
    }
  } finally {
    await fleet.close();
  }
}

function report(subjects: readonly Subject[], ratios: readonly number[], { connections, rounds, seconds }: Saturation): void {
  const titles = ['', 'processes', 'requests/s', 'p50 ms', 'p99 ms', 'CPU µs', 'PostgreSQL µs', 'load µs', 'statements', 'MB'];
  const rows = subjects.map(({ workers, processes, rounds: found }) => {
    const figures = medianOf(found);
    return [
      counted(workers, 'worker'),
      whole(processes),
      whole(figures.requestsPerSecond),
      milliseconds(figures.p50),
      milliseconds(figures.p99),
      ...[figures.serverCpu, figures.postgresCpu, figures.loadCpu].map(whole),
      figures.statementsPerRequest.toFixed(2),
      whole(figures.residentMegabytes),
    ];
  });
  console.log(`\n${aligned([titles, ...rows])}
\n  Medians of ${counted(rounds, 'round')} of ${seconds} s at ${connections} connections, each on new processes. CPU: of a request.
  The ratio of requests/s: ${median(ratios).toFixed(2)}, in each round ${range(ratios)}.`);
}
