import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const LOG = path.resolve(import.meta.dirname, '../src/log.ts');

/** Writes lines when its input ends, and ends. */
const PROGRAM = `
  import { createLog } from ${JSON.stringify(LOG)};
  const log = createLog();
  process.stdin.resume().on('end', () => {
    for (let i = 0; i < 3; i++) log.warn('the end');
    process.exit(3);
  });`;

test.each([true, false])('a process ends as it wants to, where somebody reads its log: %s', async (isRead) => {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', PROGRAM], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  child.stdout.on('data', (chunk) => lines.push(...String(chunk).trim().split('\n')));
  if (!isRead) child.stdout.destroy();
  child.stdin.end();
  const [code] = await once(child, isRead ? 'close' : 'exit');
  expect(code).toBe(3);
  expect(lines).toHaveLength(isRead ? 3 : 0);
});
