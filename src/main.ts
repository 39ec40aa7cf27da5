import cluster from 'node:cluster';
import { setTimeout as wait } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { type Config, loadConfig, readEnvironment } from './config.ts';
import { printFailure } from './gateway/process/run-command.ts';
import { watchFailures } from './gateway/process/watch-failures.ts';
import { createLog, type Log } from './log.ts';

/** How long a signal waits for a start that is under way. */
const START_PATIENCE_MS = 10_000;
/** A signal that comes so soon after another is the same: supervisors send it to a process and to its group. */
const SAME_SIGNAL_MS = 200;

try {
  // Neither loads the code of the other.
  if (cluster.isWorker) await work();
  else await lead(loadConfig(readEnvironment()));
} catch (error) {
  printFailure(error);
  // The channel to the primary would keep a worker whose code does not load from ending.
  if (cluster.isWorker) process.exit(1);
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
  // Asked now: a terminal that is closed is none any more.
  const hasTerminal = isatty(0);
  const { startPrimary } = await import('./primary.ts');
  const starting = startPrimary(config, log);
  let stopsSince: number | undefined;
  const stop = async (signal: NodeJS.Signals) => {
    stopsSince = performance.now();
    // A start that does not come to an end must not keep the process from ending.
    const gateway = await Promise.race([starting.catch(() => undefined), wait(START_PATIENCE_MS, 'late' as const)]);
    if (gateway === 'late') {
      log.error({ patienceMs: START_PATIENCE_MS }, 'the start does not come to an end: it is broken off');
      kill(1);
    }
    // Somebody who presses Ctrl-C is not waited for by clients.
    const isStopped = await (gateway?.close({ isHurried: signal === 'SIGINT' }) ?? Promise.resolve()).then(
      () => true,
      (error) => void log.error({ err: error }, 'the gateway did not stop as it should'),
    );
    process.exit(isStopped ? 0 : 1);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (stopsSince === undefined) return void stop(signal);
      // The second Ctrl-C of somebody who will not wait.
      if (performance.now() - stopsSince > SAME_SIGNAL_MS) kill(130);
    });
  process.on('SIGHUP', async (signal) => {
    // A terminal that is closed sends it too, more than once, and means the end.
    if (hasTerminal) {
      if (stopsSince === undefined) await stop(signal);
      return;
    }
    const gateway = await starting.catch(() => undefined);
    if (stopsSince === undefined) await gateway?.roll();
  });
  await starting.catch((error) => {
    // Ctrl-C ends workers that are not far enough to ignore it, and what they say then is of no interest.
    if (stopsSince === undefined) throw error;
  });
  watchFailures(log);
}

/** Ends this process at once, and its workers, which would finish what they have begun. */
function kill(code: number): never {
  for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGKILL');
  process.exit(code);
}
