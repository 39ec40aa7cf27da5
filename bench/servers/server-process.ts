import { spawn } from 'node:child_process';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');

export type ServerProcess = {
  pid: number;
  url: string;
  stop: () => Promise<void>;
  /** Settles when the process has ended, however that came. */
  ended: Promise<void>;
  /** The last that it has printed. */
  output: () => string;
};

/** Starts node on what prints `GraphQL <url>` when it listens, with these settings and nothing of the caller's own. */
export function startProcess(command: readonly string[], settings: Record<string, string>): Promise<ServerProcess> {
  const own = { PATH: process.env.PATH, HOME: process.env.HOME };
  const child = spawn(process.execPath, command, {
    cwd: ROOT,
    env: { ...own, NODE_ENV: 'production', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A terminal's Ctrl-C is for whoever measures, who ends it in time.
    detached: true,
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  let output = '';
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve())).finally(() => process.off('exit', kill));
  const stop = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(timer);
  };
  return new Promise((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      // Kept short: a server that complains at each request would fill the memory.
      output = `${output}${chunk}`.slice(-20_000);
      const url = /GraphQL +(\S+)\s/.exec(output)?.[1];
      if (url) resolve({ pid: child.pid ?? 0, url: url.replace('localhost', '127.0.0.1'), stop, ended, output: () => output });
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('close', () => reject(new Error(`${command.join(' ')} ended:\n${output}`)));
  });
}
