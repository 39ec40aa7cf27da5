// The real process: what an operator starts, on a port of its own.

import { spawn } from 'node:child_process';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');

export const SECRET_KEY = 'a key for the tests of the process, long enough';

type StartOptions = { main?: string; uid?: number; program?: string };

/** Starts src/main.ts, or another file, as this user or another, by this Node or a copy of it, with these settings over a free port and no limits of rate, and nothing of the caller's own settings. */
export function startGateway(
  settings: Record<string, string>,
  { main = 'src/main.ts', uid, program = process.execPath }: StartOptions = {},
) {
  const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
  const own = { PATH, HOME, NODE_COMPILE_CACHE };
  const child = spawn(program, ['--disable-warning=ExperimentalWarning', main], {
    cwd: ROOT,
    uid,
    // Tests ask more often than any client may.
    env: { ...own, PORT: '0', RATE_LIMIT_ENABLED: 'false', MAX_WORKERS: '1', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  const ready = new Promise<{ url: string; origin: string }>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      const url = /GraphQL +(\S+)/.exec(stdout)?.[1];
      if (url && stdout.includes('Ctrl-C stops it.')) resolve({ url, origin: new URL(url).origin });
    });
    child.on('close', () => reject(new Error(`The gateway ended:\n${stdout}${stderr}`)));
  });
  ready.catch(() => undefined);
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return {
    child,
    ready,
    ended,
    output: () => stdout + stderr,
    /** Sends the signal and waits for the end. */
    stop: (signal: NodeJS.Signals = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
  };
}
