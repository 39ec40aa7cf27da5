import { setTimeout as wait } from 'node:timers/promises';
import { type Verdict, verdictOf } from '../harness/verdict.ts';
import { figuresOf, type Must, problemsOf, type Seen, wordsOf } from './judge.ts';
import type { World } from './operations.ts';
import type { ChaosContext, Scenario } from './scenario.ts';
import { startTraffic } from './traffic.ts';
import { compareWrites, findMarkers, type Rows } from './written.ts';

/** How long clients work before the fault. */
const BEFORE_MS = 2000;
/** What is looked at after a fault, beyond the time that errors may take to end. */
const AFTER_MS = 2000;

/** Where clients go, and where what they write can be looked up. */
export type Place = { ports: readonly number[]; rows: Rows };

/** What went on beside the clients: what was wrong, and what was seen, in words. */
export type Noticed = { problems?: readonly string[]; words?: string };

export type FaultOptions = Pick<Scenario, 'name' | 'tried' | 'obstacle'> & {
  must: Must;
  /** What must hold besides, in words. */
  besides?: string;
  /** Makes ready, and returns where clients go and the fault, which resolves when it is over. */
  prepare: (ctx: ChaosContext) => Promise<Place & { fault: () => Promise<Noticed | undefined> }>;
};

let runs = 0;

/** A scenario that does something to a gateway while clients use it. */
export const aFault = ({ name, tried, obstacle, must, besides, prepare }: FaultOptions): Scenario => ({
  name,
  tried,
  obstacle,
  expected: besides === undefined ? wordsOf(must) : `${wordsOf(must)}; ${besides}`,
  run: async (ctx) => {
    const { fault, ...place } = await prepare(ctx);
    return await underLoad(ctx, place, must, fault);
  },
});

async function underLoad(
  ctx: ChaosContext,
  { ports, rows }: Place,
  must: Must,
  fault: () => Promise<Noticed | undefined>,
): Promise<Verdict> {
  const name = `chaos-${process.pid}-${runs++}`;
  const { world, userIds } = await readWorld(rows);
  const tokens = await Promise.all(userIds.map(ctx.tokenOf));
  const traffic = startTraffic({ ports, clients: ctx.clients, tokens, world, name });
  ctx.defer(traffic.stop);
  await wait(BEFORE_MS);
  const faultFrom = performance.now();
  const noticed = await fault();
  const faultTo = performance.now();
  const restMs = ctx.seconds * 1000 - BEFORE_MS - (faultTo - faultFrom);
  await wait(Math.max(restMs, (must.calmWithinMs ?? 0) + AFTER_MS));
  const endedAt = performance.now();
  await traffic.stop();
  const seen: Seen = { outcomes: traffic.outcomes, faultFrom, faultTo, endedAt };
  const written = compareWrites(traffic.writes, await findMarkers(rows, name));
  const words = [figuresOf(seen), written.words, ...(noticed?.words ? [noticed.words] : [])].join('; ');
  const problems = [...problemsOf(seen, must), ...written.problems, ...(noticed?.problems ?? [])];
  return problems.length === 0 ? verdictOf([], words) : { holds: false, happened: `${problems.join('; ')} (${words})` };
}

async function readWorld(rows: Rows): Promise<{ world: World; userIds: number[] }> {
  const [spas] = await rows<{ count: number }>('select count(*)::int as count from spas where is_active');
  const [{ last } = { last: 1 }] = await rows<{ last: number }>('select max(id)::int as last from spas');
  const certificates = await rows<{ number: string }>(
    `select number from certificates where is_public and holder_name not like 'chaos-%' order by id limit 200`,
  );
  const users = await rows<{ id: number }>('select id from users where is_active order by id limit 40');
  const world = { spas: last, openSpas: spas?.count ?? 0, numbers: certificates.map(({ number }) => number) };
  return { world, userIds: users.map(({ id }) => id) };
}
