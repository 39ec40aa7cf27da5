import { spawn } from 'node:child_process';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');

export type ServerProcessOptions = {
  /** All of its environment, beside where programs and this user's files are. */
  env: NodeJS.ProcessEnv;
  /** The user that it runs as. Default this one. */
  uid?: number;
  /** Whether a terminal's Ctrl-C leaves it alone. Default false. */
  detached?: boolean;
  /** What it prints when it is ready; the first group is its URL. */
  announcement: RegExp;
  /** How much of its output is kept, the last of it, in characters. Default all. */
  maxOutput?: number;
};

/** How a process has ended, and what it had printed. */
export type Ended = { code: number | null; stdout: string; stderr: string };

/** Starts a program, with its arguments, in the folder of the project: one that prints where it listens. It ends with this process. */
export function spawnServer([program = '', ...args]: readonly string[], options: ServerProcessOptions) {
  const { env, uid, detached = false, announcement, maxOutput = Number.POSITIVE_INFINITY } = options;
  const child = spawn(program, args, {
    cwd: ROOT,
    uid,
    detached,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  const printed = { stdout: '', stderr: '' };
  const output = () => printed.stdout + printed.stderr;
  let hasEnded = false;
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => {
      hasEnded = true;
      process.off('exit', kill);
      resolve({ code, ...printed });
    });
  });
  const ready = new Promise<string>((resolve, reject) => {
    let isReady = false;
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (chunk: string) => {
        printed[name] = (printed[name] + chunk).slice(-maxOutput);
        const url = isReady ? undefined : announcement.exec(printed.stdout)?.[1];
        if (url === undefined) return;
        isReady = true;
        resolve(url);
      });
    }
    ended.then(() => reject(new Error(`${args.join(' ')} ended:\n${output().trim()}`)));
  });
  // Whoever starts it may look at its end alone.
  ready.catch(() => undefined);
  return {
    child,
    pid: child.pid ?? 0,
    /** Its URL. Throws what it has printed where it ends instead. */
    ready,
    ended,
    /** What it has printed. */
    output,
    // Workers that outlive their primary keep its pipes open, and it from closing.
    isAlive: () => !hasEnded && child.exitCode === null && child.signalCode === null,
    /** Sends the signal and waits for the end; one that has not ended after `killAfterMs` is killed. Default never. */
    stop: async (signal: NodeJS.Signals = 'SIGTERM', { killAfterMs }: { killAfterMs?: number } = {}): Promise<Ended> => {
      child.kill(signal);
      const timer = killAfterMs === undefined ? undefined : setTimeout(kill, killAfterMs);
      try {
        return await ended;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** What a gateway prints when it takes requests. */
export const READY = /GraphQL +(\S+)[\s\S]*Ctrl-C stops it\./;
