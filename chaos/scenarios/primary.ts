import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../../src/resources/free-port.ts';
import { running, signal, workersOf } from '../processes.ts';
import type { Scenario } from '../scenario.ts';
import { aFault } from '../under-load.ts';

/** Workers let idle connections be for six seconds, and end. */
const WORKERS_END_MS = 20_000;

export const primary: readonly Scenario[] = [
  aFault({
    name: 'primary: it is killed',
    tried: 'kill -9 of the process that leads the workers, and a start on the same port at once',
    // A connection that waits to be accepted dies with whoever listens; while workers start, one waits for them, for five seconds at most.
    must: { mayFail: /ECONNREFUSED|ECONNRESET|OVERLOADED/, isOut: true },
    besides: 'its workers end by themselves within 20 s, beside those of the new start',
    prepare: async (ctx) => {
      const settings = { PORT: String(await freePort()) };
      const gateway = await ctx.gateway(settings);
      const workers = workersOf(gateway);
      ctx.defer(() => signal(workers, 'SIGKILL'));
      return {
        ports: [gateway.port],
        rows: ctx.database.rows,
        fault: async () => {
          signal([gateway.pid], 'SIGKILL');
          const start = performance.now();
          const seconds = () => ((performance.now() - start) / 1000).toFixed(1);
          while (gateway.isAlive()) await wait(10);
          await ctx.gateway(settings);
          const words = `a new start was ready after ${seconds()} s`;
          while (running(workers).length > 0 && performance.now() - start < WORKERS_END_MS) await wait(50);
          const hasEnded = running(workers).length === 0;
          signal(workers, 'SIGKILL');
          return hasEnded
            ? { words: `${words}, the last of its workers had ended after ${seconds()} s` }
            : { problems: ['its workers run on'] };
        },
      };
    },
  }),
];
