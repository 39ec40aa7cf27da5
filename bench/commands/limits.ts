// What the limits cost: Convoy with all of them, counting and enforced and so high that none is met, beside Convoy with none.

import { hasRedis, startRedis } from '../../harness/redis.ts';
import { drawWalks } from '../load/operations.ts';
import { describe, machineFacts } from '../measure/machine.ts';
import { type Measured, measure } from '../measure/measure.ts';
import { median, medianOf, ratiosOf } from '../measure/median.ts';
import type { Options } from '../options.ts';
import { counted } from '../report/picture.ts';
import { aligned, milliseconds, range, ratio, whole } from '../report/table.ts';
import { atLeast, printTargets } from '../report/targets.ts';
import { writeJson } from '../report/write-report.ts';
import { behindProxy, NEVER_MET, NO_CACHE, NO_LIMITS } from '../servers/behind-proxy.ts';
import { openFleet } from '../servers/fleet.ts';
import type { ServerSpec } from '../servers/servers.ts';
import { type Session, withSession } from '../session.ts';

/** Two servers that differ in their limits alone. */
type Pair = { what: string; on: ServerSpec; off: ServerSpec; connections: readonly number[]; hasTarget: boolean };
type Cell = { pair: Pair; connections: number; on: Measured[]; off: Measured[] };

export const limits = (options: Options): Promise<void> => withSession((session) => compare(options, session));

async function compare(options: Options, { server, load }: Session): Promise<void> {
  const database = await server.database(1);
  const machine = await machineFacts(database.admin);
  console.log(describe(machine));
  const walks = await drawWalks(database.admin, options.seed, options.isQuick ? 1 / 3 : 1);
  const redis = hasRedis() ? await startRedis() : undefined;
  try {
    const pairs = pairsOf(options.connections, redis?.url);
    const cells = await measureAll(options, pairs, (specs) => openRound(specs, { database, load, walks }));
    report(cells, options);
    if (!redis) console.log('  There is no redis-server on this machine: what it costs to count there was not measured.');
    const medians = cells.map(({ pair, connections, on, off }) => ({ what: pair.what, connections, on: medianOf(on), off: medianOf(off) }));
    const targets = cells
      .filter(({ pair }) => pair.hasTarget)
      .map((cell) => atLeast(`requests/s with all limits to none, ${titleOf(cell)}`, 0.9, median(ratiosOfCell(cell))));
    printTargets([{ targets }]);
    if (options.json) await writeJson(options.json, { machine, options, medians, targets, cells });
  } finally {
    await redis?.close();
  }
}

function pairsOf(connections: readonly number[], redisUrl: string | undefined): Pair[] {
  const shipped = {
    on: { ...behindProxy('limits on', NEVER_MET), isReference: true },
    off: behindProxy('limits off', NO_LIMITS),
  };
  const batching = {
    on: behindProxy('batching, limits on', { ...NO_CACHE, ...NEVER_MET }),
    off: behindProxy('batching, limits off', { ...NO_CACHE, ...NO_LIMITS }),
  };
  const pairs: Pair[] = [
    { what: 'as shipped', ...shipped, connections, hasTarget: true },
    { what: 'batching alone', ...batching, connections, hasTarget: true },
  ];
  if (redisUrl) {
    const on = behindProxy('batching, limits in redis', { ...NO_CACHE, ...NEVER_MET, REDIS_ENABLED: 'true', REDIS_URL: redisUrl });
    pairs.push({
      what: 'batching alone, rates in Redis',
      on,
      off: batching.off,
      connections: [Math.max(...connections)],
      hasTarget: false,
    });
  }
  return pairs;
}

type Measure = (cell: { server: string; connections: number; seconds: number; warmUpSeconds: number; seed: number }) => Promise<Measured>;
type Round = { measureCell: Measure; close: () => Promise<void> };

/** Processes of their own for each round: two of the very same settings differ by a third, each for as long as it lives. */
async function openRound(specs: readonly ServerSpec[], { database, load, walks }: Parameters<typeof openFleet>[1]): Promise<Round> {
  const fleet = await openFleet(specs, { database, load, walks });
  const pids = new Map(fleet.members.map(({ spec, process }) => [spec.name, process.pid]));
  return {
    measureCell: (cell) => measure(load, database.admin, { ...cell, pid: pids.get(cell.server) ?? 0 }),
    close: () => fleet.close(),
  };
}

async function measureAll(
  options: Options,
  pairs: readonly Pair[],
  open: (specs: readonly ServerSpec[]) => Promise<Round>,
): Promise<Cell[]> {
  const { rounds, seconds, warmUpSeconds, firstWarmUpSeconds } = options;
  const specs = [...new Set(pairs.flatMap(({ on, off }) => [on, off]))];
  const cells = pairs.flatMap((pair) => pair.connections.map((connections): Cell => ({ pair, connections, on: [], off: [] })));
  for (let round = 1; round <= rounds; round++) {
    const begun = performance.now();
    const { measureCell, close } = await open(specs);
    try {
      for (const { name: server } of specs)
        await measureCell({ server, connections: 32, seconds: firstWarmUpSeconds, warmUpSeconds: 0, seed: 1 });
      for (const { pair, connections, on, off } of cells) {
        const run = ({ name }: ServerSpec) =>
          measureCell({ server: name, connections, seconds, warmUpSeconds, seed: options.seed * 1000 + round });
        // One behind the other, so that whatever the machine does besides falls on both; and each is first in turn.
        const sides = [async () => on.push(await run(pair.on)), async () => off.push(await run(pair.off))];
        for (const side of round % 2 === 0 ? sides.toReversed() : sides) await side();
      }
    } finally {
      await close();
    }
    console.error(`Round ${round} of ${rounds}: ${Math.round((performance.now() - begun) / 1000)} s.`);
  }
  return cells;
}

const titleOf = ({ pair, connections }: Cell) => `${pair.what}, ${counted(connections, 'connection')}`;
const ratiosOfCell = ({ on, off }: Cell) =>
  ratiosOf(
    on.map(({ requestsPerSecond }) => requestsPerSecond),
    off.map(({ requestsPerSecond }) => requestsPerSecond),
  );

function report(cells: readonly Cell[], { rounds, seconds }: Options): void {
  const lines = cells.map((cell) => {
    const [on, off] = [medianOf(cell.on), medianOf(cell.off)];
    return [
      titleOf(cell),
      whole(on.requestsPerSecond),
      whole(off.requestsPerSecond),
      median(ratiosOfCell(cell)).toFixed(2),
      range(ratiosOfCell(cell)),
      whole(on.serverCpu),
      whole(off.serverCpu),
      ratio(on.serverCpu, off.serverCpu),
      milliseconds(on.p99),
      milliseconds(off.p99),
    ];
  });
  const titles = ['', 'requests/s on', 'off', 'ratio', 'in each round', 'CPU µs on', 'off', 'x', 'p99 ms on', 'off'];
  console.log(`\n${aligned([titles, ...lines])}`);
  console.log(`
  Medians of ${counted(rounds, 'round')} of ${seconds} s, each on new processes; on and off take turns. ratio: the median of the rounds' own.
  on: every limit counts and is enforced, and none is met.
  off: LIMIT_MODES=off and RATE_LIMIT_ENABLED=false; what operations would cost is still computed, for the metrics.
  Each request comes from one of many addresses, which X-Forwarded-For tells. CPU: of the gateway, a request.`);
}
