// Convoy's memory under load, as shipped: how much, and whether it grows.

import { drawWalks } from '../load/operations.ts';
import { describe, machineFacts } from '../measure/machine.ts';
import { measure } from '../measure/measure.ts';
import { median } from '../measure/median.ts';
import type { Options } from '../options.ts';
import { atMost, below, printTargets } from '../report/targets.ts';
import { writeJson } from '../report/write-report.ts';
import { chooseServers, openFleet } from '../servers/fleet.ts';
import { type Session, withSession } from '../session.ts';

const STEP_SECONDS = 10;
/** The heap finds its size: what came before is no growth. */
const SETTLING_SHARE = 0.2;

type Sample = { atSecond: number; residentMegabytes: number; requestsPerSecond: number };

export const memory = (options: Options): Promise<void> => withSession((session) => watch(options, session));

async function watch(options: Options, { server, load }: Session): Promise<void> {
  const specs = chooseServers(options.only ?? ['convoy']);
  const database = await server.database(1);
  const machine = await machineFacts(database.admin);
  console.log(describe(machine));
  const walks = await drawWalks(database.admin, options.seed);
  const fleet = await openFleet(specs, { database, load, walks, onReady: () => undefined });
  try {
    const steps = (options.isQuick ? 60 : 300) / STEP_SECONDS;
    const connections = Math.max(...options.connections);
    const series = [];
    for (const { spec, process } of fleet.members) {
      console.log(`\n${spec.name} at ${connections} connections\n`);
      const samples: Sample[] = [];
      for (let step = 1; step <= steps; step++) {
        const cell = { server: spec.name, pid: process.pid, connections, seconds: STEP_SECONDS - 1, warmUpSeconds: 1, seed: step };
        const { residentMegabytes, requestsPerSecond } = await measure(load, database.admin, cell);
        samples.push({ atSecond: step * STEP_SECONDS, residentMegabytes, requestsPerSecond });
        const cells = [`${step * STEP_SECONDS} s`, `${residentMegabytes.toFixed(0)} MB`, `${requestsPerSecond.toFixed(0)} requests/s`];
        console.log(`  ${cells.map((text, i) => text.padStart([6, 8, 17][i] ?? 0)).join('')}`);
      }
      series.push({ server: spec.name, samples });
    }
    const targets = series.flatMap((each) => targetsOf(each.server, each.samples));
    printTargets([{ targets }]);
    if (options.json) await writeJson(options.json, { machine, options, series, targets });
  } finally {
    await fleet.close();
  }
}

function targetsOf(server: string, samples: readonly Sample[]) {
  const settled = samples.slice(Math.floor(samples.length * SETTLING_SHARE)).map(({ residentMegabytes }) => residentMegabytes);
  const third = Math.ceil(settled.length / 3);
  const growth = median(settled.slice(-third)) / median(settled.slice(0, third));
  return [
    below(`${server}: memory under load, at most`, 250, Math.max(...samples.map(({ residentMegabytes }) => residentMegabytes)), ' MB'),
    atMost(`${server}: the last third of the time to the first, when it has settled`, 1.1, growth),
  ];
}
