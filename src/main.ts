import cluster from 'node:cluster';
import { setTimeout as wait } from 'node:timers/promises';
import { type Config, loadConfig, readEnvironment } from './config.ts';
import { StartError } from './errors.ts';
import { createLog, type Log } from './log.ts';

/** How long a signal waits for a start that is under way. */
const START_PATIENCE_MS = 10_000;

try {
  // Neither loads the code of the other.
  if (cluster.isWorker) await work();
  else await lead(loadConfig(readEnvironment()));
} catch (error) {
  console.error(error instanceof StartError ? error.message : error);
  process.exitCode = 1;
}

function logOf(config: Config): Log {
  return createLog({ level: config.logLevel, isPretty: process.stdout.isTTY });
}

async function work(): Promise<void> {
  const { runMember } = await import('./workers/member.ts');
  await runMember(logOf);
  process.exit(0);
}

async function lead(config: Config): Promise<void> {
  const log = logOf(config);
  const { startPrimary } = await import('./primary.ts');
  const starting = startPrimary(config, log);
  let isStopping = false;
  const stop = async (signal: NodeJS.Signals) => {
    // The second Ctrl-C of somebody who will not wait.
    if (isStopping) {
      // Without this process, its workers would finish what they have begun.
      for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGKILL');
      process.exit(130);
    }
    isStopping = true;
    // A start that does not come to an end must not keep the process from ending.
    const gateway = await Promise.race([starting.catch(() => undefined), wait(START_PATIENCE_MS)]);
    // Somebody who presses Ctrl-C is not waited for by clients.
    const isStopped = await gateway?.close({ isHurried: signal === 'SIGINT' }).then(
      () => true,
      (error) => void log.error({ err: error }, 'the gateway did not stop as it should'),
    );
    process.exit(isStopped ? 0 : 1);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // A terminal that is closed sends it too, and means the end.
  process.on('SIGHUP', async (signal) => {
    if (process.stdin.isTTY) return stop(signal);
    const gateway = await starting.catch(() => undefined);
    if (!isStopping) await gateway?.roll();
  });
  await starting;
}
