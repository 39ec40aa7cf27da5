import { type Gateway, startGateway } from '../harness/gateway.ts';
import type { GatewayOptions, Settings } from './check.ts';
import type { AuditDatabase } from './database.ts';

type Options = {
  database: AuditDatabase;
  /** What all gateways have. */
  base: Settings;
  /** What all gateways have over what is asked for. */
  set: Settings;
};

/** The gateways of a run: one for each set of settings, started when it is asked for. */
export function createGateways({ database, base, set }: Options) {
  const running = new Map<string, { starting: Promise<Gateway>; isKept: boolean }>();
  const printed: (() => string)[] = [];
  const stopping: Promise<void>[] = [];

  async function start(settings: Settings, databaseUrl: string | undefined): Promise<Gateway> {
    const gateway = await startGateway({ DATABASE_URL: databaseUrl ?? (await database.create()), ...base, ...settings, ...set });
    printed.push(gateway.output);
    return gateway;
  }

  async function stop(which: (isKept: boolean) => boolean): Promise<void> {
    for (const [key, { starting, isKept }] of running) {
      if (!which(isKept)) continue;
      running.delete(key);
      const gateway = await starting.catch(() => undefined);
      if (gateway) stopping.push(gateway.stop());
    }
  }

  return {
    get(settings: Settings, { databaseUrl, isKept = false }: GatewayOptions = {}): Promise<Gateway> {
      const key = JSON.stringify([settings, databaseUrl]);
      const found = running.get(key);
      if (found) return found.starting;
      const starting = start(settings, databaseUrl);
      running.set(key, { starting, isKept });
      starting.catch(() => running.delete(key));
      return starting;
    },
    /** Stops those that need not outlive their concern. */
    stopPassing: () => stop((isKept) => !isKept),
    async stopAll() {
      await stop(() => true);
      await Promise.all(stopping);
    },
    outputs: () => printed.map((output) => output()).join('\n'),
  };
}
