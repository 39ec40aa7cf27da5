// What one query at a time costs the process that asks it: SQL of one's own over node-postgres, and the gateway's loaders, beside
// Prisma's queries over the same pool.

import { isDeepStrictEqual } from 'node:util';
import type { Client } from 'pg';
import { createLog } from '../../src/log.ts';
import { openPostgres } from '../../src/resources/postgres.ts';
import { openServer, roleOf } from '../database/open-database.ts';
import { describe, machineFacts } from '../measure/machine.ts';
import { statementsOf } from '../measure/measure.ts';
import { median } from '../measure/median.ts';
import type { Options } from '../options.ts';
import { drawQuestions, type Question, type Way } from '../queries/questions.ts';
import { counted } from '../report/picture.ts';
import { aligned, ratio, whole } from '../report/table.ts';
import { writeJson } from '../report/write-report.ts';

/** Microseconds a query, of CPU and until the answer is there. */
type Cost = { cpu: number; wall: number };
type Line = Cost & { question: string; way: string; statements: number };

const ROLE = 'queries';
/** Turns whose answers are compared, and whose statements are counted. */
const COMPARED = 10;

export async function queries(options: Options): Promise<void> {
  const server = await openServer();
  try {
    const database = await server.database(1);
    const machine = await machineFacts(database.admin);
    console.log(describe(machine));
    const postgres = await openPostgres(await database.urlFor(ROLE), createLog({ level: 'warn' }));
    try {
      const questions = await drawQuestions(database.admin, options.seed, postgres);
      const lines = await measureAll(options, database.admin, questions);
      report(options, lines);
      if (options.json) await writeJson(options.json, { machine, options, queries: lines });
    } finally {
      await postgres.close();
    }
  } finally {
    await server.close();
  }
}

async function measureAll({ rounds, seconds, warmUpSeconds }: Options, admin: Client, questions: readonly Question[]): Promise<Line[]> {
  const found = new Map<Way, Cost[]>();
  const statements = new Map<Way, number>();
  for (const { what, ways } of questions) {
    const answers: unknown[][] = [];
    for (const way of ways) {
      found.set(way, []);
      await costOf(way, warmUpSeconds);
      const before = await statementsOf(admin, roleOf(ROLE));
      const given: unknown[] = [];
      for (let turn = 0; turn < COMPARED; turn++) given.push(await way.ask(turn));
      const after = await statementsOf(admin, roleOf(ROLE));
      statements.set(way, (after.statements - before.statements) / COMPARED);
      answers.push(given.map(withoutBatch));
      if (!isDeepStrictEqual(answers.at(-1), answers[0])) throw new Error(`${way.name} answers otherwise than ${ways[0].name}: ${what}.`);
    }
  }
  const all = Array.from(found);
  for (let round = 1; round <= rounds; round++)
    // Nobody always comes after the same one.
    for (const [way, costs] of round % 2 === 1 ? all : all.toReversed()) costs.push(await costOf(way, seconds));
  return questions.flatMap(({ what, ways }) =>
    ways.map((way) => {
      const costs = found.get(way) ?? [];
      const of = (name: keyof Cost) => median(costs.map((cost) => cost[name]));
      return { question: what, way: way.name, cpu: of('cpu'), wall: of('wall'), statements: statements.get(way) ?? Number.NaN };
    }),
  );
}

async function costOf({ ask }: Way, seconds: number): Promise<Cost> {
  const begun = performance.now();
  const before = process.cpuUsage();
  let [asked, milliseconds] = [0, 0];
  while (milliseconds < seconds * 1000) {
    await ask(asked++);
    milliseconds = performance.now() - begun;
  }
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / asked, wall: (milliseconds * 1000) / asked };
}

/** Values as they are, without the place that a row of a shared statement carries. */
function withoutBatch(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutBatch);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, inner]) => (key === 'batch' ? [] : [[key, withoutBatch(inner)]])));
}

function report({ rounds, seconds }: Options, lines: readonly Line[]): void {
  const rows = lines.map((line, i) => {
    const first = lines.find(({ question }) => question === line.question);
    const isFirst = lines[i - 1]?.question !== line.question;
    return [
      isFirst ? line.question : '',
      line.way,
      whole(line.cpu),
      ratio(line.cpu, first?.cpu),
      whole(line.wall),
      ratio(line.wall, first?.wall),
      Number.isNaN(line.statements) ? '-' : line.statements.toFixed(0),
    ];
  });
  console.log(`\n${aligned([['', '', 'CPU µs', 'x', 'wall µs', 'x', 'statements'], ...rows], 2)}`);
  console.log(`
  Medians of ${counted(rounds, 'round')} of ${seconds} s: one question at a time, over one pool, with the same rows for every way to ask it.
  CPU: of the process that asks, without PostgreSQL's. x: to the first way. statements: each time that the question is asked.`);
}
