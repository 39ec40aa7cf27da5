import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { Work } from './rate-limit-worker.ts';

/** Starts a script of this folder with a channel, until the test is over. */
export function start(script: string, args: string[] = [], options: string[] = []): ChildProcess {
  const execArgv = ['--disable-warning=ExperimentalWarning', ...options];
  const child = fork(path.join(import.meta.dirname, script), args, { execArgv });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  });
  return child;
}

/** Processes that make calls at the same time. `prepare` gets each one before it makes any. */
export async function startWorkers(count: number, args: string[], prepare: (child: ChildProcess) => unknown) {
  const workers = Array.from({ length: count }, () => start('rate-limit-worker.ts', args));
  for (const worker of workers) prepare(worker);
  await Promise.all(workers.map((worker) => messageWith(worker, 'isReady')));
  return {
    /** How many calls are let through if each worker makes so many at once. */
    async admitted(work: Work): Promise<number> {
      const answers = workers.map((worker) => messageWith(worker, 'admitted'));
      for (const worker of workers) worker.send(work);
      return (await Promise.all(answers)).map(Number).reduce((sum, admitted) => sum + admitted, 0);
    },
  };
}

/** What a script found out. */
export const finished = (child: ChildProcess) => messageWith(child, 'finished');

/** The named part of the first message that has it. */
function messageWith(child: ChildProcess, name: string): Promise<unknown> {
  return new Promise((resolve) => {
    const receive = (message: unknown) => {
      if (typeof message !== 'object' || message === null || !(name in message)) return;
      child.off('message', receive);
      resolve((message as Record<string, unknown>)[name]);
    };
    child.on('message', receive);
  });
}
