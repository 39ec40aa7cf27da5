// The load tool with all that it starts itself: PostgreSQL with a copy of the bench's data, Redis, and gateways of one and of two workers.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Report } from '../bench/users/report.ts';
import { hasRedis } from './support/redis-server.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

async function load<T>(...args: string[]) {
  const dir = await mkdtemp(path.join(tmpdir(), 'convoy-load-test-'));
  const json = path.join(dir, 'load.json');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'bench/users/main.ts', '--json', json, ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await rm(dir, { recursive: true });
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  const [code] = await once(child, 'close');
  return { code, output, written: JSON.parse((await readFile(json, 'utf8').catch(() => '')) || 'null') as T };
}

test('without a database of one’s own, PostgreSQL, Redis and a gateway are started with the settings that were given', {
  timeout: 120_000,
}, async () => {
  const html = path.join(tmpdir(), `convoy-load-${process.pid}.html`);
  onTestFinished(() => rm(html, { force: true }));
  const few = ['--users', '10', '--spawn', '20', '--duration', '3', '--think', '0.1-0.2', '--html', html, '--threshold', 'p99=15000'];
  const own = ['--scale', '0.01', '--set', 'RATE_LIMIT_PER_MINUTE=500', '--workers', '1', ...(hasRedis ? ['--redis'] : [])];
  const { code, output, written } = await load<Report>(...few, ...own);
  expect([code, output]).toEqual([0, expect.stringMatching(/errors +at most 0 +0 +holds/)]);
  expect(written.settings).toMatchObject({ MAX_WORKERS: '1', TRUSTED_PROXIES: 'loopback', RATE_LIMIT_PER_MINUTE: '500' });
  expect(written.processes.map(({ name }) => name)).toEqual(['gateway', 'PostgreSQL', ...(hasRedis ? ['Redis'] : []), 'load']);
});

type Saturation = { subjects: { workers: number; processes: number; rounds: { answered: number }[] }[]; ratios: number[] };

test('a saturation measures one worker and several in turn, on new processes', { timeout: 120_000 }, async () => {
  const rounds = ['--saturate', '--scale', '0.01', '--workers', '2', '--rounds', '2', '--duration', '0.5', '--connections', '8'];
  const { code, output, written } = await load<Saturation>(...rounds, '--threshold', 'ratio=0.01');
  expect([code, output]).toEqual([
    0,
    expect.stringMatching(/^ +1 worker +1 [\s\S]*^ +2 workers +\d [\s\S]*ratio +at least 0.01 .* holds/m),
  ]);
  expect(written.subjects.map(({ workers, rounds }) => [workers, rounds.length])).toEqual([
    [1, 2],
    [2, 2],
  ]);
  expect(written.subjects.every(({ rounds }) => rounds.every(({ answered }) => answered > 20))).toBe(true);
  expect(written.ratios).toHaveLength(2);
});
