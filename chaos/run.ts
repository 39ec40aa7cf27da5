import { randomBytes } from 'node:crypto';
import { availableParallelism, loadavg } from 'node:os';
import { endBySignal, UsageError, within } from '../harness/command.ts';
import { openPostgresServer } from '../harness/postgres-server.ts';
import { createReport } from '../harness/report.ts';
import type { Verdict } from '../harness/verdict.ts';
import { createTokens } from '../src/tokens.ts';
import { createGateways } from './gateways.ts';
import type { Options } from './options.ts';
import type { Scenario } from './scenario.ts';

/** How long a scenario may take beside its time. */
const SCENARIO_MS = 120_000;

/** Runs the scenarios one after the other; true where all hold. */
export async function runChaos(scenarios: readonly Scenario[], { only, json, clients, seconds }: Options): Promise<boolean> {
  const chosen = scenarios.filter(({ name }) => only.test(name));
  if (chosen.length === 0) throw new UsageError(`No scenario has a name that matches ${only.source}.`);
  const report = createReport({ json });
  const [load = 0] = loadavg();
  if (load > availableParallelism())
    console.log(`The machine is busy (load ${load.toFixed(1)}): what clients see may be of that, and not of what is done to the gateway.`);
  const start = performance.now();
  const undos: (() => unknown)[] = [];
  const undoAll = async () => {
    for (let undo = undos.pop(); undo; undo = undos.pop()) {
      try {
        await undo();
      } catch (error) {
        console.error(`What a scenario has done could not be undone: ${(error as Error).message}`);
      }
    }
  };
  const opening = openPostgresServer();
  const secretKey = randomBytes(36).toString('base64');
  let gateways: ReturnType<typeof createGateways> | undefined;
  const closeAll = async () => {
    await undoAll();
    await gateways?.stop({ isAll: true });
    await (await opening).close();
  };
  endBySignal(closeAll);
  const database = await opening;
  gateways = createGateways({
    DATABASE_URL: database.url,
    SECRET_KEY: secretKey,
    TRUSTED_PROXIES: 'loopback',
    RATE_LIMIT_ENABLED: 'false',
    MAX_WORKERS: '2',
    DATABASE_CONNECTIONS: '80',
    // Clients, gateways and databases share the machine: what a loaded one sheds is no fault of what was done to it.
    MAX_EVENT_LOOP_DELAY_MS: '3000',
  });
  const tokens = createTokens({ secretKeys: [secretKey], ttlSeconds: 3600 });
  const ctx = {
    database,
    gateway: gateways.get,
    defer: (undo: () => unknown) => void undos.push(undo),
    tokenOf: async (userId: number) => (await tokens.sign(userId)).token,
    clients,
    seconds,
  };

  try {
    for (const { name, tried, expected, obstacle, run } of chosen) {
      const began = performance.now();
      const why = obstacle?.();
      const verdict: Verdict =
        why === undefined
          ? await within(SCENARIO_MS + seconds * 1000, run(ctx)).catch(failed)
          : { holds: true, isSkipped: true, happened: why };
      await undoAll();
      await gateways.stop({ isAll: false });
      report.add({ name, tried, expected, ...verdict, ms: Math.round(performance.now() - began) });
    }
  } finally {
    await closeAll();
  }
  return report.end((performance.now() - start) / 1000);
}

/** A scenario that throws, or does not end, has failed and ends nothing else. */
const failed = (error: unknown): Verdict => ({
  holds: false,
  happened: error instanceof Error ? error.message || String(error) : String(error),
});
