// The main command: every server at every number of connections, in rounds, so that whatever the machine does besides falls on all.

import { drawWalks } from '../load/operations.ts';
import { describe, type Machine, machineFacts } from '../measure/machine.ts';
import { type Measured, measure } from '../measure/measure.ts';
import { medianOf } from '../measure/median.ts';
import type { Options } from '../options.ts';
import { counted, pictureOf } from '../report/picture.ts';
import { tableOf, whole } from '../report/table.ts';
import { printTargets, targetsOfRun } from '../report/targets.ts';
import { writeJson, writeReport } from '../report/write-report.ts';
import { chooseServers, openFleet } from '../servers/fleet.ts';
import { POOL_SIZE, SERVERS, type ServerSpec } from '../servers/servers.ts';
import { withSession } from '../session.ts';

const [CONVOY, BATCHING] = SERVERS;

type Cell = { server: string; connections: number; round: number; figures: Measured };
type Measure = (cell: { server: string; connections: number; seconds: number; warmUpSeconds: number; seed: number }) => Promise<Measured>;

export async function run(options: Options): Promise<void> {
  const begun = performance.now();
  const specs = chooseServers(options.only);
  await withSession(async ({ server, load }) => {
    const database = await server.database(1);
    const machine = await machineFacts(database.admin);
    console.log(describe(machine));
    const walks = await drawWalks(database.admin, options.seed, options.isQuick ? 1 / 3 : 1);
    const onReady = (name: string) => console.error(`${name} says what Convoy says.`);
    const fleet = await openFleet(specs, { database, load, walks, onReady });
    try {
      const pids = new Map(fleet.members.map(({ spec, process }) => [spec.name, process.pid]));
      const cells = await measureAll(options, specs, begun, (cell) =>
        measure(load, database.admin, { ...cell, pid: pids.get(cell.server) ?? 0 }),
      );
      await report(options, specs, cells, machine, fleet.requests);
    } finally {
      await fleet.close();
    }
  });
}

async function measureAll(options: Options, specs: readonly ServerSpec[], begun: number, measureCell: Measure): Promise<Cell[]> {
  const names = specs.map(({ name }) => name);
  const { seconds, warmUpSeconds, firstWarmUpSeconds } = options;
  // The comparison has warmed each server somewhat; this goes on until its code is compiled.
  for (const server of names) await measureCell({ server, connections: 32, seconds: firstWarmUpSeconds, warmUpSeconds: 0, seed: 1 });
  const cells: Cell[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    const roundBegun = performance.now();
    for (const connections of options.connections) {
      // Nobody always comes after the same one.
      for (const server of round % 2 === 1 ? names : names.toReversed()) {
        const figures = await measureCell({ server, connections, seconds, warmUpSeconds, seed: options.seed * 1000 + round });
        cells.push({ server, connections, round, figures });
      }
    }
    const now = performance.now();
    console.error(`Round ${round} of ${options.rounds}: ${Math.round((now - roundBegun) / 1000)} s.`);
    if (round < options.rounds && now - begun + (now - roundBegun) > options.boundSeconds * 1000) {
      console.error(`No time for another round within ${options.boundSeconds} s.`);
      break;
    }
  }
  return cells;
}

async function report(options: Options, specs: readonly ServerSpec[], cells: readonly Cell[], machine: Machine, requests: number) {
  const figures = (server: string, connections: number) => {
    const found = cells.filter((cell) => cell.server === server && cell.connections === connections);
    return found.length === 0 ? undefined : medianOf(found.map((cell) => cell.figures));
  };
  const levels = options.connections.map((connections) => ({
    connections,
    rows: specs.flatMap(({ name }) => {
      const found = figures(name, connections);
      return found ? [{ server: name, figures: found }] : [];
    }),
  }));
  for (const { connections, rows } of levels) {
    const convoy = rows.find(({ server }) => server === CONVOY.name);
    console.log(`\n${counted(connections, 'connection')}\n\n${tableOf(rows, convoy)}`);
  }
  console.log(`\n${legend(specs, requests, cells)}`);
  const targets = { asShipped: targetsOfRun(figures, CONVOY.name), batchingAlone: targetsOfRun(figures, BATCHING.name) };
  printTargets([
    { title: 'as shipped', targets: targets.asShipped },
    { title: 'batching alone', targets: targets.batchingAlone },
  ]);
  console.log('\n  Elsewhere: the cached page (cached), deep pages and 2,000,000 rows (depth), memory over five minutes (memory).');
  const rounds = counted(Math.max(...cells.map(({ round }) => round)), 'round');
  const subtitle = `${describe(machine).split('\n')[0]} Medians of ${rounds}; in parentheses the ratio to Convoy as shipped.`;
  await writeReport(options.svg, pictureOf(levels, subtitle));
  if (options.json) await writeJson(options.json, { machine, options, poolSize: POOL_SIZE, requests, medians: levels, targets, cells });
}

function legend(specs: readonly ServerSpec[], requests: number, cells: readonly Cell[]): string {
  const width = Math.max(...specs.map(({ name }) => name.length));
  const loads = cells.map(({ figures }) => figures.loadCpu);
  const share = Math.max(...cells.map(({ figures }) => (figures.loadCpu * figures.requestsPerSecond) / 1e6));
  return [
    ...specs.map(({ name, what }) => `  ${name.padEnd(width)}  ${what}`),
    '',
    `  Every server was asked ${whole(requests)} different requests, and said what Convoy says to each; the load draws from these.`,
    '  CPU, statements: a request. x: to Convoy as shipped. connections: to PostgreSQL. MB: resident memory of the server.',
    `  The load itself took ${whole(Math.min(...loads))} to ${whole(Math.max(...loads))} µs of CPU a request, at most ${whole(share * 100)} % of a core.`,
    ...(specs.some(({ name }) => name === CONVOY.name)
      ? ['  Nothing writes while it is measured: after the warm-up, convoy has most of what visitors ask in its cache.']
      : []),
  ].join('\n');
}
