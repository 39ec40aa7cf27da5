import { spawn } from 'node:child_process';
import path from 'node:path';
import { expect } from 'vitest';

const SCRIPT = path.resolve(import.meta.dirname, '../../scripts/persist.ts');

/** Runs `npm run persist` as a process: what it prints and ends with. It never prints a stack. */
export async function execPersist(args: string[], cwd?: string) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', SCRIPT, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(stderr).not.toMatch(/^ +at /m);
  return { code, stdout, stderr };
}
