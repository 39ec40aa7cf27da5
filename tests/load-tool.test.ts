// The load tool as a process, against gateways that answer, that fail, and that go away.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { usagesOf } from '../bench/measure/processes.ts';
import type { Report } from '../bench/users/report.ts';
import { createDatabase, SEEDED_SCALE } from './support/database.ts';
import { onlyRates } from './support/protection.ts';
import { anApp } from './support/world.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
/** Tests share the machine: how quick answers are is nothing that they may depend on. */
const PATIENT = ['--threshold', 'p99=15000'];

/** Starts the tool; `ended` has what it said and wrote. */
async function aLoad(args: readonly string[], env: Record<string, string> = {}) {
  const dir = await mkdtemp(path.join(tmpdir(), 'convoy-load-test-'));
  const [json, html] = [path.join(dir, 'load.json'), path.join(dir, 'load.html')];
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', 'bench/users/main.ts', '--json', json, '--html', html, ...args],
    { cwd: ROOT, env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  onTestFinished(async () => {
    // It takes the gateway that it has started along.
    child.kill('SIGTERM');
    await rm(dir, { recursive: true });
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk;
  });
  const ended = once(child, 'close').then(async ([code]) => {
    const written = await Promise.all([json, html].map((file) => readFile(file, 'utf8').catch(() => '')));
    return { ...output, code, report: JSON.parse(written[0] || 'null') as Report, html: written[1] ?? '' };
  });
  return { child, output, ended };
}

const load = async (...args: string[]) => (await aLoad(args)).ended;

/** Ten users who hurry, for three seconds. */
const few = (url: string, ...more: string[]) =>
  load('--url', url, '--users', '10', '--spawn', '20', '--duration', '3', '--think', '0.2-0.4', ...PATIENT, ...more);

const errorsOf = ({ screens }: Report) =>
  screens.flatMap(({ screen, errorsByCode }) => Object.entries(errorsByCode).map(([code, count]) => ({ screen, code, count })));

test('each user has an address of its own, and all is reported on the screen, as JSON and as a page', { timeout: 60_000 }, async () => {
  // What one of them may ask for is a fraction of what all do.
  const world = await anApp({
    protection: { trustedProxies: ['loopback'], modes: onlyRates('requests', 'points', 'fields'), rates: { perMinute: 25 } },
  });
  const { code, report, stdout, stderr, html } = await few(world.url);
  expect(errorsOf(report)).toEqual([]);
  expect(code).toBe(0);
  expect(report.totals.requests).toBeGreaterThan(30);
  expect(report.accounts).toBe(3);
  // Each keeps its own.
  expect(report.totals.connections).toBe(10);
  expect(stderr).toContain('10 users come, 20 a second; 3 of them have an account.');

  const names = report.screens.map(({ screen }) => screen);
  expect(names).toEqual(expect.arrayContaining(['PublicCertificates', 'SpaPage', 'SignIn']));
  for (const { screen, requests } of report.screens) expect(stdout).toMatch(new RegExp(`^ +${screen} +${requests} +0 `, 'm'));
  expect(report.screens.reduce((sum, { requests }) => sum + requests, 0)).toBe(report.totals.requests);
  expect(report.series.length).toBeGreaterThanOrEqual(3);
  expect(report.series.at(-1)?.users).toBe(10);
  expect(report.watched.every(({ processes }) => processes.some(({ name, megabytes }) => name === 'load' && megabytes > 20))).toBe(true);
  expect(report.statementsPerRequest).toBeGreaterThan(0);
  expect(report.verdicts.map(({ name, holds }) => [name, holds])).toEqual([
    ['errors', true],
    ['p99', true],
  ]);
  expect(html).toContain('uPlot');
  expect(html).toContain(`"requests":${report.totals.requests},`);
  expect(html).not.toMatch(/(src|href)="(?!data:)/);
});

test('a threshold that does not hold is 1, options that cannot be are 2, and help is 0', { timeout: 60_000 }, async () => {
  const world = await anApp({ protection: { trustedProxies: ['loopback'] } });
  const [slow, wrong, nowhere, help] = await Promise.all([
    few(world.url, '--threshold', 'p50=0.001'),
    load('--users', 'x'),
    load('--json', '/dev/null/figures.json'),
    load('--help'),
  ]);
  expect([slow.code, wrong.code, nowhere.code, help.code]).toEqual([1, 2, 2, 0]);
  expect(slow.stdout).toMatch(/p50 +at most 0 ms .*DOES NOT HOLD/);
  expect(slow.html).not.toBe('');
  expect(wrong.stderr).toBe('--users takes a whole number from 1 to 40000.\n');
  expect(nowhere.stderr).toMatch(/^The file \/dev\/null\/figures\.json cannot be written \(\w+\)\.$/m);
  expect(help.stdout).toContain('--threshold');
});

test('a gateway that takes all users for one, or is not there, is told in a sentence', { timeout: 60_000 }, async () => {
  const world = await anApp({ protection: { modes: onlyRates('requests') } });
  const [one, none] = await Promise.all([few(world.url), few('http://127.0.0.1:9')]);
  expect([one.code, none.code]).toEqual([1, 1]);
  expect(one.stderr).toMatch(/takes all users for one client: start it with TRUSTED_PROXIES=loopback/);
  expect(none.stderr).toMatch(/^Nothing answers at http:\/\/127\.0\.0\.1:9\/graphql .*\n$/);
});

/** Passes everything on to the gateway, but for what `fail` has its way with. */
async function aFaultyProxy(url: string, fail: (name: string, address: string) => 'cut' | 'refuse' | undefined) {
  const proxy = createServer(async (req, res) => {
    const body = Buffer.concat(await req.toArray());
    const { operationName } = JSON.parse(body.toString() || '{}');
    const fault = fail(String(operationName), String(req.headers['x-forwarded-for']));
    if (fault === 'cut') return void req.socket.destroy();
    if (fault === 'refuse') return void res.writeHead(503).end('{"errors":[{"message":"busy","extensions":{"code":"OVERLOADED"}}]}');
    const onward = request(url, { method: req.method, path: req.url, headers: req.headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(res);
    });
    onward.end(body);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/graphql`;
}

test('a query whose connection dies is sent once more, a mutation never, and both are counted', { timeout: 60_000 }, async () => {
  const world = await anApp({ protection: { trustedProxies: ['loopback'] } });
  const seen = { cut: 0, SignIn: 0, JobBoard: 0 };
  const hasBeenCut = new Set<string>();
  const url = await aFaultyProxy(world.url, (name, address) => {
    if (name === 'SignIn' || name === 'JobBoard') seen[name]++;
    if (name === 'SignIn') return 'cut';
    if (name === 'JobBoard') return 'refuse';
    // Each other one of a user: the first, and not the second, which is the same again.
    if (name !== 'SpaPage' || hasBeenCut.delete(address)) return undefined;
    hasBeenCut.add(address);
    seen.cut++;
    return 'cut';
  });
  const { code, report, stdout } = await few(url);
  expect(code).toBe(1);
  const failed = errorsOf(report);
  expect(Object.values(seen).every((count) => count > 0)).toBe(true);
  expect(failed.toSorted((one, other) => one.screen.localeCompare(other.screen))).toEqual([
    { screen: 'JobBoard', code: '503 OVERLOADED', count: seen.JobBoard },
    { screen: 'SignIn', code: 'UND_ERR_SOCKET', count: seen.SignIn },
  ]);
  expect(report.totals.errors).toBe(seen.JobBoard + seen.SignIn);
  expect(report.totals.retries).toBe(seen.cut);
  expect(stdout).toMatch(/JobBoard: 503 OVERLOADED +\d/);
  expect(stdout).toContain('JobBoard: busy');
  expect(stdout).toContain(`${report.totals.retries} requests were sent a second time`);
});

/** A load of a gateway that it has started, when the first users are there; `gateway` is its process. */
async function aStartedLoad() {
  const database = await createDatabase({ seedScale: SEEDED_SCALE });
  onTestFinished(database.drop);
  const args = [
    '--workers',
    '2',
    '--users',
    '10',
    '--spawn',
    '20',
    '--duration',
    '60',
    '--think',
    '0.2-0.4',
    ...PATIENT,
    '--threshold',
    'errors=100000',
  ];
  const started = await aLoad(args, { DATABASE_URL: database.url });
  while (!started.output.stderr.includes('users come')) {
    if (started.child.exitCode !== null) throw new Error(started.output.stderr);
    await sleep(50);
  }
  const gateway = usagesOf(started.child.pid ?? 0)[1]?.pid ?? 0;
  expect(gateway).toBeGreaterThan(0);
  await sleep(2500);
  return { ...started, gateway };
}

test.runIf(process.platform === 'linux')(
  'a gateway that is killed half way ends the load, which says so',
  { timeout: 60_000 },
  async () => {
    const { gateway, ended } = await aStartedLoad();
    const killedAt = performance.now();
    process.kill(gateway, 'SIGKILL');
    const { code, report, stdout } = await ended;
    expect(performance.now() - killedAt).toBeLessThan(10_000);
    expect(code).toBe(1);
    expect(stdout).toContain('The gateway ended while it was loaded.');
    expect(report.broken).toBeDefined();
    expect(report.totals.requests).toBeGreaterThan(20);
    // What it was while it lived.
    expect(report.processes.map(({ name }) => name)).toEqual(expect.arrayContaining(['primary', 'worker 2', 'PostgreSQL', 'load']));
    const found = report.processes.find(({ name }) => name === 'worker 1');
    expect(found?.megabytes).toBeGreaterThan(50);
    expect(found?.ownMegabytes).toBeLessThan(found?.megabytes ?? 0);
    expect(found?.cpu).toBeGreaterThan(0);
  },
);

test.runIf(process.platform === 'linux')(
  'a load that is interrupted reports what there was, and leaves no gateway behind',
  {
    timeout: 60_000,
  },
  async () => {
    const { child, gateway, ended } = await aStartedLoad();
    child.kill('SIGINT');
    // Somebody is impatient.
    child.kill('SIGINT');
    const { code, report, stdout } = await ended;
    expect(code).toBe(130);
    expect(stdout).toContain('Somebody interrupted the load');
    expect(report.broken).toContain('Somebody interrupted the load');
    expect(report.totals).toMatchObject({ requests: expect.toSatisfy((count: number) => count > 20), errors: 0 });
    await expect.poll(() => usagesOf(gateway), { timeout: 15_000 }).toEqual([]);
  },
);
