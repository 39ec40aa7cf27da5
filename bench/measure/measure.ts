// One figure of the table: a server, a number of connections, and some seconds under load.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { roleOf } from '../database/open-database.ts';
import type { LoadFigures } from '../load/messages.ts';
import type { Load } from '../load/open-load.ts';
import { parentOf, usageOf } from './processes.ts';

export type Measured = {
  requestsPerSecond: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  max: number;
  /** Microseconds of CPU a request. */
  serverCpu: number;
  postgresCpu: number;
  loadCpu: number;
  statementsPerRequest: number;
  /** Connections to PostgreSQL, at most. */
  connections: number;
  residentMegabytes: number;
  answered: number;
  seconds: number;
};

export type Cell = {
  server: string;
  /** Whose statements count; the server's own by default. */
  role?: string;
  pid: number;
  connections: number;
  warmUpSeconds: number;
  seconds: number;
  seed: number;
};

const SAMPLE_MS = 250;

/** Loads a server and measures it. Throws where an answer was not what it should be. */
export async function measure(load: Load, admin: Client, cell: Cell): Promise<Measured> {
  const { server, pid, connections, warmUpSeconds, seconds, seed } = cell;
  const role = roleOf(cell.role ?? server);
  const postgres = await postmasterOf(admin);
  await load.start(server, connections, seed);
  try {
    // Callers start together and are answered in one wave: the figures begin behind it, and see each caller more than once.
    await untilAnswered(load, warmUpSeconds, connections);
    const counters = async () => ({
      ...(await statementsOf(admin, role)),
      server: usageOf(pid).cpuSeconds,
      postgres: usageOf(postgres).cpuSeconds,
    });
    // The counters are read a moment after each end of the window: both ends wait for the same.
    load.begin();
    const before = await counters();
    const samples = await sample(admin, role, pid, () => untilAnswered(load, seconds, 2 * connections));
    const figures = await load.end();
    const after = await counters();
    check(cell, figures);
    const each = (total: number) => total / figures.answered;
    return {
      requestsPerSecond: figures.answered / figures.seconds,
      p50: figures.p50,
      p99: figures.p99,
      max: figures.max,
      serverCpu: each((after.server - before.server) * 1e6),
      postgresCpu: each((after.postgres - before.postgres) * 1e6),
      loadCpu: each(figures.cpuSeconds * 1e6),
      statementsPerRequest: after.epoch === before.epoch ? each(after.statements - before.statements) : Number.NaN,
      ...samples,
      answered: figures.answered,
      seconds: figures.seconds,
    };
  } finally {
    await load.stop();
  }
}

function check({ server, connections }: Cell, { faults, firstFaults, answered }: LoadFigures): void {
  if (faults > 0)
    throw new Error(`${server} at ${connections} connections: ${faults} answers were wrong. The first:\n${firstFaults.join('\n')}`);
  if (answered === 0) throw new Error(`${server} at ${connections} connections answered nothing.`);
}

/** Waits for the seconds, and on until there are so many answers; for six times the seconds at most, and ten seconds more. */
async function untilAnswered(load: Load, seconds: number, answers: number): Promise<void> {
  const begun = performance.now();
  await sleep(seconds * 1000);
  while ((await load.count()) < answers && performance.now() - begun < (6 * seconds + 10) * 1000) await sleep(50);
}

async function sample(admin: Client, role: string, pid: number, work: () => Promise<void>) {
  let [connections, residentMegabytes, isDone] = [0, 0, false];
  const working = work().finally(() => {
    isDone = true;
  });
  while (!isDone) {
    const { rows } = await admin.query<{ count: number }>('select count(*)::int4 as count from pg_stat_activity where usename = $1', [
      role,
    ]);
    connections = Math.max(connections, rows[0]?.count ?? 0);
    residentMegabytes = Math.max(residentMegabytes, usageOf(pid).residentMegabytes);
    await Promise.race([working, sleep(SAMPLE_MS)]);
  }
  await working;
  return { connections, residentMegabytes };
}

/** Statements that a role has sent, whatever they were; those inside functions are not counted. Counts compare within an epoch. */
export async function statementsOf(admin: Client, role: string): Promise<{ statements: number; epoch: string }> {
  const { rows } = await admin.query<{ statements: number; epoch: string }>(
    `select coalesce(sum(calls), 0)::float8 as statements, (select dealloc || ' ' || stats_reset from pg_stat_statements_info) as epoch
     from pg_stat_statements where toplevel and userid = (select oid from pg_roles where rolname = $1)`,
    [role],
  );
  return rows[0] ?? { statements: Number.NaN, epoch: '' };
}

async function postmasterOf(admin: Client): Promise<number> {
  const { rows } = await admin.query<{ pid: number }>('select pg_backend_pid() as pid');
  return parentOf(rows[0]?.pid ?? 0);
}
