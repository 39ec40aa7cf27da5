// Ways to hold statements, loaders whose statements are answered by hand, and random numbers that can be repeated.

import { setImmediate as nextTurn } from 'node:timers/promises';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import { demoId } from '../../prisma/seed/demo.ts';
import type { BatcherOptions, BatchGroup, Flush } from '../../src/batching/batcher.ts';
import type { Database } from '../../src/batching/database.ts';
import type { Role } from '../../src/generated/prisma/enums.ts';
import { rowsOf } from './database.ts';
import { type Answer, anApp } from './world.ts';

type AskOptions = { as?: Role; token?: string; signal?: AbortSignal };

/**
 * A gateway whose requests share statements, however the suite runs, and what became of each statement of its loaders. Its `ask` goes
 * round the socket: visitors who ask in one turn of the event loop reach the loaders in one turn.
 */
export async function aSharingApp({ batching = {}, ...options }: NonNullable<Parameters<typeof anApp>[0]> = {}) {
  const flushes: Flush[] = [];
  const watched: BatcherOptions = { isShared: true, onFlush: (flush) => void flushes.push(flush), ...batching };
  const world = await anApp({ ...options, batching: watched });
  const ask = async (query: string, variables: Record<string, unknown> = {}, { as, token, signal }: AskOptions = {}): Promise<Answer> => {
    const bearer = token ?? (as && (await world.tokens.sign(demoId(as))).token);
    const response = await world.app.fetch('http://localhost/graphql', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json',
        ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
      },
      body: JSON.stringify({ query, variables }),
      signal,
    });
    const { data, errors } = await response.json();
    return { status: response.status, headers: response.headers, data, errors };
  };
  return { ...world, ask, askOverHttp: world.ask, flushes };
}

/** Lets the event loop turn: whoever wakes somebody who wakes somebody has done so by then. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}

/** Waits for what other processes or threads bring about. */
export async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const end = performance.now() + 10_000; performance.now() < end; ) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`It never came to this: ${what}.`);
}

/** Keeps everybody from reading a table, until `release`. */
export async function lockTable(databaseUrl: string, table: string) {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'convoy tests' });
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.end());
  await client.query(`begin; lock table ${table} in access exclusive mode`);
  const blocked = async () => {
    const text = `select pid from pg_stat_activity where datname = current_database() and application_name ~ '^convoy( .*/.*)?$' and wait_event_type = 'Lock'`;
    return (await rowsOf<{ pid: number }>(databaseUrl, text)).map(({ pid }) => pid);
  };
  return {
    release: () => client.end(),
    /** The gateway's connections that wait for the lock. */
    blocked,
    untilBlocked: (count: number) => until(async () => (await blocked()).length === count, `${count} statements wait for the lock`),
  };
}

/** Makes the spas with ids 1 to 64 be there and open. */
export async function openSpas(databaseUrl: string): Promise<void> {
  const more = `insert into spas (id, name, updated_at) select n, 'Spa ' || n, now() from generate_series(1, 64) n on conflict do nothing`;
  await rowsOf(databaseUrl, more);
  await rowsOf(databaseUrl, 'update spas set is_active = true');
}

/** Makes whoever reads a spa read this SQL as its website: it may fail, or take its time. Everything else is written and read as before. */
export async function readWebsitesAs(databaseUrl: string, website: string): Promise<void> {
  const columns = await rowsOf<{ name: string }>(
    databaseUrl,
    `select quote_ident(attname) as name from pg_attribute where attrelid = 'spas'::regclass and attnum > 0 and not attisdropped order by attnum`,
  );
  const read = columns.map(({ name }) => (name === 'website' ? `${website} as website` : name)).join(', ');
  await rowsOf(databaseUrl, 'alter table spas rename to all_spas');
  await rowsOf(databaseUrl, `create view spas as select ${read} from all_spas`);
}

/** For loaders that read none. */
export const noDatabase: Database = {
  query: () => Promise.reject(new Error('There is no database here.')),
  table: () => {
    throw new Error('There is no database here.');
  },
};

/** A database whose statements end when they are cancelled, and not before. `underWay`: what they were asked with. */
export function anEndlessDatabase() {
  const underWay = new Set<readonly unknown[]>();
  const query: Database['query'] = (_text, values, signal) => {
    underWay.add(values);
    return new Promise((_, reject) =>
      signal?.addEventListener('abort', () => {
        underWay.delete(values);
        reject(signal.reason);
      }),
    );
  };
  return { database: { ...noDatabase, query }, underWay };
}

/** A loader whose statements wait until the test answers them. `pending`: those that have not been answered, in order. */
export function aHeldGroup<K extends string | number>(options: Partial<BatchGroup<K, string>> = {}) {
  const sent: K[][] = [];
  const pending: { keys: readonly K[]; answer: () => Promise<void>; fail: (error: Error) => Promise<void> }[] = [];
  const group: BatchGroup<K, string> = {
    name: 'held',
    batch: (_db, keys) => {
      const { promise, resolve, reject } = Promise.withResolvers<string[]>();
      sent.push([...keys]);
      const end = (settle: () => void) => {
        pending.splice(pending.indexOf(statement), 1);
        settle();
        return turns();
      };
      const statement = {
        keys,
        answer: () => end(() => resolve(keys.map((key) => `value of ${key}`))),
        fail: (error: Error) => end(() => reject(error)),
      };
      pending.push(statement);
      return promise;
    },
    ...options,
  };
  const answerAll = async () => {
    while (pending[0]) await pending[0].answer();
  };
  return { group, sent, pending, answerAll };
}

export const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

/** Random numbers that a seed repeats (mulberry32). `below`: a whole number from 0. */
export function createRandom(seed: number) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number) => Math.floor(next() * bound);
  return { below, pick: <T>(all: readonly T[]) => all[below(all.length)] as T };
}
