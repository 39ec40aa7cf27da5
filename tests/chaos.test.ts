// The chaos itself: that faults are tried on real processes, and that what must not happen turns a scenario red.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Must, problemsOf, type Seen } from '../chaos/judge.ts';
import { running, workersOf } from '../chaos/processes.ts';
import type { Outcome, Write } from '../chaos/traffic.ts';
import { compareWrites } from '../chaos/written.ts';
import type { ReportRecord } from '../harness/report.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

function startChaos(args: readonly string[]) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'chaos/main.ts', ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  return { child, ended: once(child, 'close').then(([code]) => code as number), output: () => output };
}

/** Twelve seconds with a request each 100 ms: the fault from second 2 to 4. `change` makes of a request what it became. */
function seen(change: (outcome: Outcome) => Partial<Outcome> | undefined = () => ({})): Seen {
  const outcomes = Array.from({ length: 120 }, (_, i): Outcome => {
    return { role: i % 2 ? 'visitor' : 'member', startedAt: i * 100, endedAt: i * 100 + 20, isRetried: false };
  });
  return {
    outcomes: outcomes.flatMap((one) => {
      const changed = change(one);
      return changed === undefined ? [] : [{ ...one, ...changed }];
    }),
    faultFrom: 2000,
    faultTo: 4000,
    endedAt: 12_000,
  };
}

const between = ({ startedAt }: Outcome, from: number, to: number) => startedAt >= from && startedAt < to;
const failing = (error: string, from: number, to: number) => seen((one) => (between(one, from, to) ? { error } : {}));

test.each<[string, Seen, Must, string[]]>([
  ['all succeed', seen(), {}, []],
  ['an error is seen', failing('ECONNRESET', 3000, 3200), {}, ['clients saw 2 × ECONNRESET']],
  ['an error is seen that may be', failing('ECONNRESET', 3000, 3200), { mayFail: /ECONNRESET|EPIPE/ }, []],
  [
    'an error only begins like one that may be',
    failing('OVERLOADED without Retry-After', 3000, 3100),
    { mayFail: /OVERLOADED/ },
    ['clients saw 1 × OVERLOADED without Retry-After'],
  ],
  [
    'errors do not end with the fault',
    failing('EPIPE', 4900, 5200),
    { mayFail: /EPIPE/ },
    ['2 × EPIPE later than 1.0 s after the fault was over'],
  ],
  ['errors come before the fault', failing('EPIPE', 500, 600), { mayFail: /EPIPE/ }, ['before the fault: 1 × EPIPE']],
  ['nobody is served for long', failing('EPIPE', 2000, 4500), { mayFail: /EPIPE/ }, ['nobody was served for 2.5 s']],
  ['nobody is served while nobody can be', failing('EPIPE', 2000, 4500), { mayFail: /EPIPE/, isOut: true }, []],
  ['nobody asks any more', seen((one) => (one.startedAt > 6000 ? undefined : {})), {}, ['nobody was served for 6.0 s']],
  [
    'a request takes long',
    seen((one) => (one.startedAt === 3000 ? { endedAt: 3000 + 7500 } : {})),
    { maxMs: 7000 },
    ['a request took 7.5 s'],
  ],
  [
    'somebody is hit who must not be',
    seen((one) => (between(one, 2000, 2100) ? { error: 'OVERLOADED' } : {})),
    { mayFail: /OVERLOADED/, unaffected: ['member'] },
    ['members saw 1 × OVERLOADED'],
  ],
  [
    'somebody else is hit',
    seen((one) => (between(one, 2000, 2100) ? { error: 'OVERLOADED' } : {})),
    { mayFail: /OVERLOADED/, unaffected: ['visitor'] },
    [],
  ],
])('what clients saw is judged: %s', (_, outcomes, must, problems) => {
  expect(problemsOf(outcomes, must)).toEqual(problems);
});

const wrote = (marker: string, isAcknowledged: boolean): Write => ({ table: 'certificates', marker, isAcknowledged });
const WRITES = [wrote('x-0', true), wrote('x-1', true), wrote('x-2', false), wrote('x-3', false)];

test.each<[string, readonly Write[], string[], string[]]>([
  ['all are as they must be', WRITES, ['x-0', 'x-1', 'x-3'], []],
  ['an acknowledged one is lost', WRITES, ['x-1'], ['acknowledged and not there: x-0']],
  ['an acknowledged one is there twice', WRITES, ['x-0', 'x-1', 'x-1'], ['there more than once: x-1']],
  ['another one is there twice', WRITES, ['x-0', 'x-1', 'x-2', 'x-2'], ['there more than once: x-2']],
  ['one is there that nobody sent', WRITES, ['x-0', 'x-1', 'x-9'], ['there, and sent by nobody: x-9']],
  ['none was acknowledged', WRITES.slice(2), [], ['no write was acknowledged']],
])('writes are compared with what is there: %s', (_, writes, found, problems) => {
  expect(compareWrites(writes, found).problems).toEqual(problems);
});

test('two faults are tried on real processes, and written down; nothing is left of them', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'convoy-chaos-test-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const json = path.join(dir, 'records.jsonl');
  const { ended, output } = startChaos([
    '--quick',
    '--clients',
    '12',
    '--only',
    'workers: one is killed|one of its processes',
    '--json',
    json,
  ]);
  const code = await ended;
  const records = (await readFile(json, 'utf8'))
    .trim()
    .split('\n')
    .map((line): ReportRecord => JSON.parse(line));
  expect(records.map(({ name }) => name)).toEqual(['workers: one is killed', 'postgres: one of its processes crashes']);
  expect(records.filter(({ holds }) => !holds)).toEqual([]);
  expect(code).toBe(0);
  expect(output()).toMatch(/2 of 2 hold/);
  for (const { happened } of records) {
    expect(happened).toMatch(/^[1-9]\d* requests .*longest gap .*p99 /);
    const [, acknowledged, there] = /; (\d+) writes acknowledged, (\d+) there/.exec(happened) ?? [];
    expect(Number(acknowledged)).toBeGreaterThan(0);
    expect(there).toBe(acknowledged);
  }
}, 90_000);

test('an interrupt ends all that was started', async () => {
  const { child, ended } = startChaos(['--quick', '--clients', '6', '--only', 'workers: one hangs']);
  const started: number[] = [];
  const pid = child.pid ?? 0;
  for (const end = Date.now() + 40_000; Date.now() < end; ) {
    const gateways = workersOf({ pid });
    const workers = gateways.flatMap((gateway) => workersOf({ pid: gateway }));
    started.splice(0, Number.POSITIVE_INFINITY, ...gateways, ...workers);
    if (workers.length === 2) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(started.length).toBeGreaterThan(2);
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  await expect.poll(() => running(started), { timeout: 10_000 }).toEqual([]);
}, 90_000);

test.each([
  [['--only', 'no such scenario'], /^No scenario has a name that matches no such scenario\.$/m],
  [['--only', '('], /^--only takes a regular expression, which \( is not\.$/m],
  [['--clients', '2'], /^--clients takes a whole number from 3 to 1000\.$/m],
  [['--seconds', 'ten'], /^--seconds takes a whole number from 4 to 600\.$/m],
  [['--loud'], /^Unknown option '--loud'\. See --help\.$/m],
])('a wrong call is told in a sentence, and ends with 2: %j', async (args, sentence) => {
  const { ended, output } = startChaos(args);
  expect(await ended).toBe(2);
  expect(output().trim()).toMatch(sentence);
});
