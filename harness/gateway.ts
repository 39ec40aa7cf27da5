// The gateway as an operator starts it: a process with settings.

import { spawn } from 'node:child_process';
import path from 'node:path';
import { variables } from '../src/config.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const START_MS = 60_000;
/** How long a gateway may take to stop before it is killed. */
const STOP_MS = 5_000;

/** No setting of whoever runs the command, nor of a file .env: an empty one counts as absent. */
const NOTHING = Object.fromEntries(Object.keys(variables).map((name) => [name, '']));

export type Gateway = Awaited<ReturnType<typeof startGateway>>;

/** Starts a gateway on a free port, and waits until it is ready. Throws with what it has printed where it ends instead. `settings`: environment variables. */
export async function startGateway(settings: Readonly<Record<string, string>>) {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=8', path.join(ROOT, 'scripts/start.js')],
    {
      cwd: ROOT,
      // One process: checks look at its memory, and count what it holds.
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...NOTHING, PORT: '0', MAX_WORKERS: '1', ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const { pid } = child;
  const printed: string[] = [];
  const output = () => printed.join('');
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  let hasEnded = false;
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      hasEnded = true;
      process.off('exit', kill);
      resolve();
    });
  });
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(kill, START_MS);
    const read = (chunk: Buffer) => {
      printed.push(chunk.toString());
      const found = /GraphQL +(\S+)[\s\S]*Ctrl-C stops it\./.exec(output())?.[1];
      if (!found) return;
      clearTimeout(timer);
      child.stdout.off('data', read);
      child.stdout.on('data', (more) => printed.push(more.toString()));
      resolve(found);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', (chunk) => printed.push(chunk.toString()));
    child.once('close', () => {
      clearTimeout(timer);
      reject(new Error(`a gateway did not start: ${output().trim()}`));
    });
  });
  return {
    url,
    port: Number(new URL(url).port),
    pid: pid ?? 0,
    databaseUrl: settings.DATABASE_URL ?? '',
    /** All that it has printed. */
    output,
    // Workers that outlive their primary keep its pipes open, and it from closing.
    isAlive: () => !hasEnded && child.exitCode === null && child.signalCode === null,
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(kill, STOP_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}
