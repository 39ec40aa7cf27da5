// npm run db:seed -- --scale 1 [--seed N] [--reset]: fills the database with demo data.

import { parseArgs } from 'node:util';
import { loadConfig, readEnvironment } from '../src/config.ts';
import { StartError } from '../src/errors.ts';
import { runCommand } from '../src/gateway/process/run-command.ts';
import { createLog } from '../src/log.ts';
import { openDatabaseServer } from '../src/resources/database.ts';
import { applyMigrations } from '../src/resources/migrations.ts';
import { withClient } from './seed/connection.ts';
import { planOf } from './seed/plan.ts';
import { createProgressBar } from './seed/progress-bar.ts';
import { reset, seed } from './seed/seed.ts';

const USAGE = 'npm run db:seed -- [--scale 1] [--seed 1] [--reset]';
let isInterrupted = false;

await runCommand(async () => {
  // What an interrupt ends fails, and the process is about to end by it.
  await run(readArguments()).catch((error) => {
    if (!isInterrupted) throw error;
    process.exitCode = 130;
  });
});

type Arguments = { scale: number; seed: number; reset: boolean };

function readArguments(): Arguments {
  const options = {
    scale: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    reset: { type: 'boolean', default: false },
  } as const;
  try {
    const { values } = parseArgs({ options });
    const args = { scale: toNumber(values.scale), seed: toNumber(values.seed), reset: values.reset };
    planOf(args.scale, args.seed);
    return args;
  } catch (error) {
    if (error instanceof StartError) throw error;
    const [reason] = (error as Error).message.split('. ');
    throw new StartError(`${reason}; the usage is: ${USAGE}`);
  }
}

function toNumber(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text);
}

async function run(args: Arguments): Promise<void> {
  const database = await openDatabaseServer(loadConfig(readEnvironment()), createLog({ level: 'warn' }));
  const bar = createProgressBar(process.stdout);
  // The process takes its connection along, and the server rolls the transaction back.
  const interrupt = () => {
    isInterrupted = true;
    void database.close().finally(() => process.exit(130));
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const startedAt = performance.now();
    // Says in a sentence when nothing answers.
    await withClient(database.url, async () => undefined);
    await applyMigrations(database.url);
    if (args.reset) await reset(database.url);
    const rows = await seed(database.url, { ...args, onProgress: bar.update });
    bar.end();
    console.log(`Seeded ${rows.toLocaleString('en')} rows in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`);
  } finally {
    bar.end();
    await database.close();
  }
}
