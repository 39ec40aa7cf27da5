import { setTimeout as wait } from 'node:timers/promises';
import { createHttpClient } from '../http-client.ts';
import { signal, workersOf } from '../processes.ts';
import type { ChaosContext, Scenario } from '../scenario.ts';
import { aFault } from '../under-load.ts';

const HELD_MS = 4000;
const ROLL_MS = 60_000;
/** What a connection that dies says, at either end of a request. */
const DEAD = 'ECONNRESET|EPIPE';

async function aGateway(ctx: ChaosContext) {
  const gateway = await ctx.gateway();
  return { gateway, ports: [gateway.port], rows: ctx.database.rows };
}

/** Resolves when as many workers run as before, and none of them is one of those. */
async function untilReplaced(gateway: { pid: number }, gone: readonly number[], count: number): Promise<void> {
  for (const end = Date.now() + ROLL_MS; ; await wait(50)) {
    const running = workersOf(gateway);
    if (running.length === count && !running.some((pid) => gone.includes(pid))) return;
    if (Date.now() > end) throw new Error(`${running.length} workers run after a minute, not ${count} new ones`);
  }
}

/** Resolves when somebody who comes anew is answered. */
async function untilAnswered(port: number): Promise<void> {
  for (const end = Date.now() + ROLL_MS; ; await wait(50)) {
    const client = createHttpClient({ address: '10.8.0.1' });
    const reply = await client.post(port, { query: '{ __typename }' }).catch(() => undefined);
    client.close();
    if (reply?.status === 200) return;
    if (Date.now() > end) throw new Error('nobody is answered within a minute');
  }
}

export const workers: readonly Scenario[] = [
  aFault({
    name: 'workers: one is killed',
    tried: 'kill -9 of one of two workers',
    must: { mayFail: new RegExp(DEAD) },
    prepare: async (ctx) => {
      const { gateway, ...place } = await aGateway(ctx);
      return {
        ...place,
        fault: async () => {
          signal(workersOf(gateway).slice(0, 1), 'SIGKILL');
          return undefined;
        },
      };
    },
  }),
  aFault({
    name: 'workers: all are killed',
    tried: 'kill -9 of both workers at once',
    must: { mayFail: new RegExp(`${DEAD}|OVERLOADED`), isOut: true },
    prepare: async (ctx) => {
      const { gateway, ...place } = await aGateway(ctx);
      return {
        ...place,
        fault: async () => {
          const pids = workersOf(gateway);
          signal(pids, 'SIGKILL');
          await untilAnswered(gateway.port);
          return undefined;
        },
      };
    },
  }),
  aFault({
    name: 'workers: rolling restart',
    tried: 'SIGHUP, which replaces the workers one after the other',
    must: {},
    prepare: async (ctx) => {
      const { gateway, ...place } = await aGateway(ctx);
      return {
        ...place,
        fault: async () => {
          const pids = workersOf(gateway);
          signal([gateway.pid], 'SIGHUP');
          await untilReplaced(gateway, pids, pids.length);
          return undefined;
        },
      };
    },
  }),
  aFault({
    name: 'workers: one hangs',
    tried: `SIGSTOP of one of two workers for ${HELD_MS / 1000} s`,
    must: { maxMs: HELD_MS + 3000 },
    prepare: async (ctx) => {
      const { gateway, ...place } = await aGateway(ctx);
      const pids = workersOf(gateway).slice(0, 1);
      ctx.defer(() => signal(pids, 'SIGCONT'));
      return {
        ...place,
        fault: async () => {
          signal(pids, 'SIGSTOP');
          await wait(HELD_MS);
          signal(pids, 'SIGCONT');
          return undefined;
        },
      };
    },
  }),
];
