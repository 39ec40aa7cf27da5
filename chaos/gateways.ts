import { type Gateway, startGateway } from '../harness/gateway.ts';
import { signal, workersOf } from './processes.ts';
import type { Settings } from './scenario.ts';

/** The gateways of a run: one for each set of settings, started when it is asked for and anew where it has ended. `base`: what all have. */
export function createGateways(base: Settings) {
  const running = new Map<string, Gateway>();
  return {
    async get(settings: Settings = {}): Promise<Gateway> {
      const key = JSON.stringify(settings);
      const found = running.get(key);
      if (found?.isAlive()) return found;
      const gateway = await startGateway({ ...base, ...settings });
      running.set(key, gateway);
      return gateway;
    },
    /** Stops those that nobody is going to ask for again. `isAll`: all. */
    async stop({ isAll }: { isAll: boolean }): Promise<void> {
      await Promise.all(
        Array.from(running, async ([key, gateway]) => {
          if (!isAll && key === '{}') return;
          running.delete(key);
          if (!gateway.isAlive()) return;
          const pids = [gateway.pid, ...workersOf(gateway)];
          // One that was held would not even hear that it shall end.
          signal(pids, 'SIGCONT');
          await gateway.stop();
          signal(pids, 'SIGKILL');
        }),
      );
    },
  };
}
