import { setTimeout as wait } from 'node:timers/promises';
import type { ChaosContext, Scenario } from '../scenario.ts';
import { aFault } from '../under-load.ts';

const DOWN_MS = 2000;
/** What clients are told, with `Retry-After`, of a database that is away. Who waits for a connection that does not come is told that it is busy. */
const AWAY = /DATABASE_UNAVAILABLE|OVERLOADED|RESULT_UNAVAILABLE/;

async function aDatabase(ctx: ChaosContext) {
  const gateway = await ctx.gateway();
  ctx.defer(ctx.database.start);
  return { database: ctx.database, ports: [gateway.port], rows: ctx.database.rows };
}

export const postgres: readonly Scenario[] = [
  aFault({
    name: 'postgres: it is killed',
    tried: `kill -9 of its first process, and a start ${DOWN_MS / 1000} s later`,
    must: { mayFail: AWAY, isOut: true, calmWithinMs: 3000 },
    prepare: async (ctx) => {
      const { database, ...place } = await aDatabase(ctx);
      return {
        ...place,
        fault: async () => {
          await database.killFirst();
          await wait(DOWN_MS);
          await database.start();
          return undefined;
        },
      };
    },
  }),
  aFault({
    name: 'postgres: it is restarted',
    tried: 'a fast stop, which ends all connections, and a start',
    must: { mayFail: AWAY, isOut: true, calmWithinMs: 3000 },
    prepare: async (ctx) => {
      const { database, ...place } = await aDatabase(ctx);
      return {
        ...place,
        fault: async () => {
          await database.stop();
          await database.start();
          return undefined;
        },
      };
    },
  }),
  aFault({
    name: 'postgres: one of its processes crashes',
    tried: 'kill -9 of the process of one connection, after which the server ends all others and recovers',
    must: { mayFail: AWAY, isOut: true, calmWithinMs: 3000 },
    prepare: async (ctx) => {
      const { database, ...place } = await aDatabase(ctx);
      return {
        ...place,
        fault: async () => {
          const [one] = await database.rows<{ pid: number }>(
            `select pid from pg_stat_activity where application_name like 'convoy%' and backend_type = 'client backend' limit 1`,
          );
          if (!one) throw new Error('no connection of the gateway was found');
          process.kill(one.pid, 'SIGKILL');
          await wait(50);
          await database.untilUp();
          return undefined;
        },
      };
    },
  }),
];
