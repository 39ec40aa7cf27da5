// Whether one client that asks for much is felt by the others: the times of 499 clients, without and with one more that sends fifty times
// as much as each of them. They send when it is time, whether they have been answered or not.

import { ADDRESSES, CLOSED_LOOP_ADDRESSES } from '../load/addresses.ts';
import type { PaceFigures } from '../load/messages.ts';
import type { Load } from '../load/open-load.ts';
import { drawWalks } from '../load/operations.ts';
import { describe, machineFacts } from '../measure/machine.ts';
import { measure } from '../measure/measure.ts';
import { median, ratiosOf } from '../measure/median.ts';
import type { Options } from '../options.ts';
import { counted } from '../report/picture.ts';
import { aligned, milliseconds, range, whole } from '../report/table.ts';
import { atMost, printTargets } from '../report/targets.ts';
import { writeJson } from '../report/write-report.ts';
import { behindProxy, NO_CACHE, NO_RATES } from '../servers/behind-proxy.ts';
import { openFleet } from '../servers/fleet.ts';
import type { ServerSpec } from '../servers/servers.ts';
import { type Session, withSession } from '../session.ts';

const CLIENTS = 499;
const GREED = 50;
/** What the clients together take of what the gateway can do. */
const SHARE = 0.4;
/** Requests a second of a client that stays below 60 a minute. */
const ALLOWED = 0.95;

type Subject = { what: string; spec: ServerSpec; hasRates: boolean };
type Scenario = Subject & { capacity: number; perSecond: number; without: PaceFigures[]; with: PaceFigures[] };

export const fairness = (options: Options): Promise<void> => withSession((session) => compare(options, session));

async function compare(options: Options, { server, load }: Session): Promise<void> {
  const database = await server.database(1);
  const machine = await machineFacts(database.admin);
  console.log(describe(machine));
  const walks = await drawWalks(database.admin, options.seed, options.isQuick ? 1 / 3 : 1);
  const subjects = subjectsOf();
  const onReady = (name: string) => console.error(`${name} is ready.`);
  const fleet = await openFleet(
    subjects.map(({ spec }) => spec),
    { database, load, walks, onReady },
  );
  try {
    const { warmUpSeconds, firstWarmUpSeconds: seconds, seed } = options;
    const scenarios: Scenario[] = [];
    for (const [index, subject] of subjects.entries()) {
      const server = subject.spec.name;
      const wantedOf = (capacity: number) => (options.rate ?? SHARE * capacity) / CLIENTS;
      if (subject.hasRates) {
        // What it can do is what the one before it can, which has no limits. It warms up at the pace that is allowed.
        const capacity = scenarios.at(-1)?.capacity ?? Number.NaN;
        const perSecond = Math.min(ALLOWED, wantedOf(capacity));
        await load.pace(server, { clients: CLIENTS, perSecond, greedyPerSecond: 0, warmUpSeconds, seconds, seed, firstAddress: 0 });
        scenarios.push({ ...subject, capacity, perSecond, without: [], with: [] });
      } else {
        const pid = fleet.members[index]?.process.pid ?? 0;
        const figures = await measure(load, database.admin, { server, pid, connections: 32, seconds, warmUpSeconds, seed });
        const capacity = figures.requestsPerSecond;
        scenarios.push({ ...subject, capacity, perSecond: wantedOf(capacity), without: [], with: [] });
      }
    }
    await measureAll(options, load, scenarios);
    report(options, scenarios);
    const targets = scenarios.flatMap(targetsOf);
    printTargets([{ targets }]);
    if (options.json) await writeJson(options.json, { machine, options, scenarios, targets });
  } finally {
    await fleet.close();
  }
}

function subjectsOf(): Subject[] {
  return [
    {
      what: 'as shipped, no limits of rate',
      spec: { ...behindProxy('shipped without rates', NO_RATES), isReference: true },
      hasRates: false,
    },
    { what: 'as shipped, default limits', spec: behindProxy('shipped', {}), hasRates: true },
    {
      what: 'batching alone, no limits of rate',
      spec: behindProxy('batching without rates', { ...NO_CACHE, ...NO_RATES }),
      hasRates: false,
    },
    { what: 'batching alone, default limits', spec: behindProxy('batching', NO_CACHE), hasRates: true },
  ];
}

async function measureAll(options: Options, load: Load, scenarios: readonly Scenario[]): Promise<void> {
  const { rounds, seconds, warmUpSeconds } = options;
  let runs = 0;
  for (let round = 1; round <= rounds; round++) {
    const begun = performance.now();
    for (const { spec, perSecond, ...found } of scenarios) {
      // Nobody always comes after the same one.
      for (const which of round % 2 === 1 ? (['without', 'with'] as const) : (['with', 'without'] as const)) {
        // Others each time: nobody has used up anything of the limits.
        const firstAddress = CLOSED_LOOP_ADDRESSES + ((runs++ * (CLIENTS + 1)) % (ADDRESSES - CLOSED_LOOP_ADDRESSES - CLIENTS - 1));
        const figures = await load.pace(spec.name, {
          clients: CLIENTS,
          perSecond,
          greedyPerSecond: which === 'with' ? GREED * perSecond : 0,
          warmUpSeconds,
          seconds,
          seed: options.seed * 1000 + round,
          firstAddress,
        });
        check(spec.name, figures);
        found[which].push(figures);
      }
    }
    console.error(`Round ${round} of ${rounds}: ${Math.round((performance.now() - begun) / 1000)} s.`);
  }
}

function check(server: string, { faults, firstFaults, answered }: PaceFigures): void {
  if (faults > 0) throw new Error(`${server}: ${faults} answers were wrong. The first:\n${firstFaults.join('\n')}`);
  if (answered === 0) throw new Error(`${server} answered nothing.`);
}

type Figure = Exclude<keyof PaceFigures, 'firstFaults'>;
const all = (found: readonly PaceFigures[], name: Figure) => found.map((each) => each[name]);
const of = (found: readonly PaceFigures[], name: Figure) => median(all(found, name));
const sum = (found: readonly PaceFigures[], name: Figure) => all(found, name).reduce((total, each) => total + each, 0);
const ratios = ({ without, with: beside }: Scenario, name: Figure) => ratiosOf(all(beside, name), all(without, name));

function targetsOf(scenario: Scenario) {
  const { what, without, with: beside } = scenario;
  const lost = sum([...without, ...beside], 'refused') + sum([...without, ...beside], 'unanswered');
  return [
    atMost(`p99 beside a client at ${GREED} times the rate, to without it: ${what}`, 1.5, median(ratios(scenario, 'p99'))),
    atMost(`requests of the ${CLIENTS} that were refused or never answered: ${what}`, 0, lost),
  ];
}

function report({ rounds, seconds }: Options, scenarios: readonly Scenario[]): void {
  const lines = scenarios.map((scenario) => {
    const { what, capacity, perSecond, without, with: beside } = scenario;
    const compared = (name: 'p50' | 'p99') => [
      milliseconds(of(without, name)),
      milliseconds(of(beside, name)),
      median(ratios(scenario, name)).toFixed(2),
    ];
    return [
      what,
      whole(perSecond * CLIENTS),
      `${whole((100 * perSecond * CLIENTS) / capacity)} %`,
      whole(perSecond * GREED),
      `${whole((100 * sum(beside, 'greedyRefused')) / sum(beside, 'greedySent'))} %`,
      ...compared('p50'),
      ...compared('p99'),
      range(ratios(scenario, 'p99')),
      milliseconds(of([...without, ...beside], 'lateness')),
    ];
  });
  const times = ['p50 ms without', 'with', 'x', 'p99 ms without', 'with', 'x', 'in each round'];
  const titles = ['', `${CLIENTS}: requests/s`, 'of all', 'one: requests/s', 'refused', ...times, 'late ms'];
  const capacities = [...new Set(scenarios.map(({ capacity }) => whole(capacity)))].join(' and ');
  console.log(`\n${aligned([titles, ...lines])}`);
  console.log(`
  Medians of ${counted(rounds, 'round')} of ${seconds} s, without and with the one client in turns; x: the median of the rounds' own.
  p50, p99: of the ${CLIENTS} others, from the moment at which a request was due. late: by how much the load itself sent too late, as p99;
  it is part of the times, and where it is much of them, the machine had too much else to do.
  of all: of the ${capacities} requests/s that 32 connections without pause get, as shipped and with batching alone.
  Default limits: the ${CLIENTS} stay below 60 requests a minute each, whatever their share. refused: of what the one client sends.`);
}
