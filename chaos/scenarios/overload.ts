import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from 'pg';
import type { ChaosContext, Scenario, Settings } from '../scenario.ts';
import { aFault } from '../under-load.ts';

const LOCKED_MS = 5000;
/** The reads and the writes of the table wait as long as they may, and are given up then. */
const BUSY = /OVERLOADED|DATABASE_TIMEOUT|DEADLINE_EXCEEDED/;

/** Somebody else's transaction, in which statements on the table of certificates wait. */
async function locking(ctx: ChaosContext, settings?: Settings) {
  const gateway = await ctx.gateway(settings);
  const holder = await ctx.database.connect();
  ctx.defer(() => holder.end());
  return {
    ports: [gateway.port],
    rows: ctx.database.rows,
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
    // 2 for the primary; for each of three slots, one that listens and three.
    prepare: (ctx) => locking(ctx, { DATABASE_CONNECTIONS: '14' }),
  }),
  aFault({
    name: 'overload: the server takes no more connections',
    tried: 'a foreign client ends the connections of the gateway and takes all that the server has, for 5 s',
    must: { mayFail: /OVERLOADED|DATABASE_UNAVAILABLE/, isOut: true, calmWithinMs: 3000 },
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
