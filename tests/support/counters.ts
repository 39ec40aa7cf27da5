// Random readers and writers at once, and a model of what they may see.

import pg from 'pg';
import { expect, onTestFinished } from 'vitest';
import { encodeId } from '../../src/graphql/ids.ts';
import { type aSharingApp, range } from './batching.ts';
import { rowsOf } from './database.ts';
import type { Answer } from './world.ts';

export type World = Awaited<ReturnType<typeof aSharingApp>>;
export type Ask = World['ask'];
/** What one reader or writer asks over HTTP; every other one goes round the socket, as in `aSharingApp`. */
export type Job = (ask: Ask) => Promise<void>;

/** How often something was changed: how many changes have begun, and how many of them were acknowledged. */
type Counter = { begun: number; acknowledged: number };

export const spaId = (id: number) => encodeId('Spa', id);
export const dataOf = ({ data, errors }: Answer) => {
  expect(errors).toBeUndefined();
  return data;
};

/** Does `count` jobs, so many at once. */
export async function work(world: World, { count, atOnce }: { count: number; atOnce: number }, next: (i: number) => Job): Promise<void> {
  let started = 0;
  const worker = async () => {
    while (started < count) {
      const job = started++;
      await next(job)(job % 2 === 0 ? world.ask : world.askOverHttp);
    }
  };
  await Promise.all(range(0, atOnce).map(worker));
}

/** Counters by name, and the check of a read against them. */
export function createModel(seed: number) {
  const counters = new Map<string, Counter>();
  const of = (name: string) => counters.getOrInsertComputed(name, () => ({ begun: 0, acknowledged: 0 }));
  return {
    of,
    /** Changes something: `write` resolves to how often it has been changed by then, or to undefined where it was refused. */
    async change(name: string, write: () => Promise<number | undefined>): Promise<void> {
      const counter = of(name);
      counter.begun++;
      const count = await write();
      if (count === undefined) counter.begun--;
      else counter.acknowledged = Math.max(counter.acknowledged, count);
    },
    /** Reads counts of changes, and compares each with what was known when the reader began and when it ended. */
    async check(read: () => Promise<[string, number][]>): Promise<void> {
      const before = new Map(Array.from(counters, ([name, { acknowledged }]) => [name, acknowledged]));
      for (const [name, seen] of await read()) {
        const [least, most] = [before.get(name) ?? 0, of(name).begun];
        if (!(seen >= least && seen <= most)) throw new Error(`${name}: read ${seen} of ${least} to ${most}, seed ${seed}`);
      }
    },
  };
}

/** Writes past the gateway, over connections of its own, and returns the first row. */
export function aWriter(databaseUrl: string) {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 5, application_name: 'convoy tests' });
  pool.on('error', () => undefined);
  onTestFinished(() => pool.end());
  return async <R extends pg.QueryResultRow>(text: string, values: unknown[] = []) => (await pool.query<R>(text, values)).rows[0];
}

/** Three spas of one city without openings, with two certificates each; versions and holders count from 0. */
export async function hotRows({ databaseUrl }: World) {
  await rowsOf(databaseUrl, 'delete from hiring_forms where spa_id <= 3');
  await rowsOf(databaseUrl, `update spas set version = 0, is_active = true, city = 'Hot' where id <= 3`);
  await rowsOf(databaseUrl, 'update certificates set spa_id = 9 where spa_id <= 3');
  return await rowsOf<{ id: number; number: string; spa: number }>(
    databaseUrl,
    `update certificates set holder_name = '0', is_public = true, issued_by_id = 5, spa_id = 1 + n % 3
     from (select id as chosen, row_number() over ()::int as n from certificates where spa_id is not null and category = 'ID_CARD' limit 6) c
     where id = chosen returning id, number, spa_id as spa`,
  );
}
