import { setTimeout as wait } from 'node:timers/promises';
import { loadConfig, readEnvironment } from './config.ts';
import { StartError } from './errors.ts';
import { createLog } from './log.ts';
import { startPrimary } from './primary.ts';

/** How long a signal waits for a start that is under way. */
const START_PATIENCE_MS = 10_000;

try {
  const config = loadConfig(readEnvironment());
  const log = createLog({ level: config.logLevel, isPretty: process.stdout.isTTY });
  const starting = startPrimary(config, log);
  let isStopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, async () => {
      // The second Ctrl-C of somebody who will not wait.
      if (isStopping) process.exit(130);
      isStopping = true;
      // A start that does not come to an end must not keep the process from ending.
      const gateway = await Promise.race([starting.catch(() => undefined), wait(START_PATIENCE_MS)]);
      const isStopped = await gateway?.close().then(
        () => true,
        (error) => void log.error({ err: error }, 'the gateway did not stop as it should'),
      );
      process.exit(isStopped ? 0 : 1);
    });
  }
  await starting;
} catch (error) {
  console.error(error instanceof StartError ? error.message : error);
  process.exitCode = 1;
}
