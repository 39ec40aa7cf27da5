import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from 'pg';
import type { ChaosContext, Scenario, Settings } from '../scenario.ts';
import { aFault } from '../under-load.ts';

const [LOCKED_MS, SLEEP_SECONDS] = [5000, 3];
/** 2 for the primary; for each of three slots, one that listens and three. */
const [FEW_CONNECTIONS, OF_BOTH_WORKERS] = ['14', 6];
/** The reads and the writes of the table wait as long as they may, and are given up then. */
const BUSY = /OVERLOADED|DATABASE_TIMEOUT|DEADLINE_EXCEEDED|RESULT_UNAVAILABLE/;

async function placeOf(ctx: ChaosContext, settings?: Settings) {
  const { port } = await ctx.gateway(settings);
  return { ports: [port], rows: ctx.database.rows };
}

/** Somebody else's transaction, in which statements on the table of certificates wait. */
async function locking(ctx: ChaosContext, settings?: Settings) {
  const place = await placeOf(ctx, settings);
  const holder = await ctx.database.connect();
  ctx.defer(() => holder.end());
  return {
    ...place,
    fault: async () => {
      await holder.query('begin; lock table certificates in access exclusive mode');
      await wait(LOCKED_MS);
      await holder.query('rollback');
      return undefined;
    },
  };
}

/** Takes connections of the server until it gives no more, again and again: places that come free are taken too. */
async function takeAll(ctx: ChaosContext, taken: Client[]): Promise<void> {
  for (;;) {
    const client = await ctx.database.connect().catch(() => undefined);
    if (!client) return;
    taken.push(client);
  }
}

export const overload: readonly Scenario[] = [
  aFault({
    name: 'overload: a table is locked',
    tried: `a foreign transaction locks the certificates for ${LOCKED_MS / 1000} s`,
    must: { mayFail: BUSY, unaffected: ['visitor'] },
    besides: 'spas and openings are read as ever',
    prepare: (ctx) => locking(ctx),
  }),
  aFault({
    name: 'overload: every connection waits',
    tried: 'the same, where each worker has 3 connections, which all come to wait for the lock',
    must: { mayFail: BUSY, isOut: true },
    prepare: (ctx) => locking(ctx, { DATABASE_CONNECTIONS: FEW_CONNECTIONS }),
  }),
  aFault({
    name: 'overload: every connection sleeps',
    tried: `for ${LOCKED_MS / 1000} s, whoever writes sleeps ${SLEEP_SECONDS} s within the transaction, where each worker has 3 connections`,
    must: { mayFail: BUSY, isOut: true, calmWithinMs: SLEEP_SECONDS * 1000 + 1000, maxGapMs: SLEEP_SECONDS * 1000 + 1000 },
    besides: 'all of the connections sleep at once',
    prepare: async (ctx) => {
      const { ports, rows } = await placeOf(ctx, { DATABASE_CONNECTIONS: FEW_CONNECTIONS });
      const sleeping = (seconds: number) =>
        rows(`create or replace function chaos_sleep() returns trigger language plpgsql
          as $$ begin perform pg_sleep(${seconds}); return new; end $$`);
      await sleeping(0);
      ctx.defer(() => rows('drop function if exists chaos_sleep cascade'));
      for (const table of ['certificates', 'candidate_forms'])
        await rows(`create trigger chaos_sleep before insert on ${table} for each row execute function chaos_sleep()`);
      return {
        ports,
        rows,
        fault: async () => {
          await sleeping(SLEEP_SECONDS);
          let most = 0;
          for (const end = performance.now() + LOCKED_MS; performance.now() < end; await wait(200)) {
            const [found] = await rows<{ count: number }>(
              `select count(*)::int as count from pg_stat_activity where application_name like 'convoy%' and wait_event = 'PgSleep'`,
            );
            most = Math.max(most, found?.count ?? 0);
          }
          await sleeping(0);
          const words = `at most ${most} transactions slept at once`;
          return most === OF_BOTH_WORKERS ? { words } : { problems: [words] };
        },
      };
    },
  }),
  aFault({
    name: 'overload: the server takes no more connections',
    tried: 'a foreign client ends the connections of the gateway and takes all that the server has, for 5 s',
    must: { mayFail: /OVERLOADED|DATABASE_UNAVAILABLE|RESULT_UNAVAILABLE/, isOut: true, calmWithinMs: 3000 },
    prepare: async (ctx) => {
      const gateway = await ctx.gateway();
      const taken: Client[] = [];
      const giveBack = () => Promise.all(taken.splice(0).map((client) => client.end()));
      ctx.defer(giveBack);
      return {
        ports: [gateway.port],
        rows: ctx.database.rows,
        fault: async () => {
          const admin = await ctx.database.connect();
          taken.push(admin);
          for (const end = performance.now() + LOCKED_MS; performance.now() < end; await wait(100)) {
            await admin.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'convoy%'`);
            await takeAll(ctx, taken);
          }
          await giveBack();
          return undefined;
        },
      };
    },
  }),
];
