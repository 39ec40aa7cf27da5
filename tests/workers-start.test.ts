// Starts of several workers: those that fail end with one sentence and leave nothing, and a fresh one brings all it needs.

import { spawnSync } from 'node:child_process';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../src/resources/free-port.ts';
import { createDatabase, rowsOf } from './support/database.ts';
import { aClient, childrenOf, eventually, isRunning, kill } from './support/fleet.ts';
import { SECRET_KEY, startGateway } from './support/gateway.ts';

/** The user nobody. */
const NOBODY = 65_534;
/** Whether that user can be taken, and can read this. */
const canBeNobody =
  process.getuid?.() === 0 &&
  spawnSync(process.execPath, ['-e', `require('node:fs').readdirSync(${JSON.stringify(import.meta.dirname)})`], { uid: NOBODY }).status ===
    0;

const listens = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    }).once('error', () => resolve(false));
  });

/** A start with three workers that must fail: what it says, and what it leaves behind. */
async function failure(settings: Record<string, string>) {
  const gateway = startGateway({ SECRET_KEY, MAX_WORKERS: '3', ...settings });
  onTestFinished(async () => void (await gateway.stop('SIGKILL')));
  const seen = new Set<number>();
  const watching = setInterval(() => {
    for (const pid of childrenOf(gateway.child.pid as number)) seen.add(pid);
  }, 50);
  const { code, stderr } = await gateway.ended;
  clearInterval(watching);
  return { code, stderr, left: [...seen].filter(isRunning) };
}

test('what a worker cannot start without is said once, and nothing is left behind', { timeout: 60_000 }, async () => {
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  onTestFinished(() => void taken.close());
  const port = String((taken.address() as AddressInfo).port);
  for (const [settings, sentence] of [
    [{ REDIS_ENABLED: 'true', REDIS_URL: 'redis://127.0.0.1:1' }, /^Redis does not answer \(.*\)\. Start it, .*\.\n$/],
    [{ TRUSTED_DOCUMENTS: 'only', TRUSTED_DOCUMENTS_FILE: '/nowhere/documents.json' }, /^[^\n]*\/nowhere\/documents\.json[^\n]*\n$/],
    [{ PORT: port }, /^Port \d+ is taken: [^\n]*\n$/],
  ] as const) {
    const { code, stderr, left } = await failure({ DATABASE_URL: url, ...settings });
    expect([code, left]).toEqual([1, []]);
    expect(stderr).toMatch(sentence);
  }
  const connected = `select 1 from pg_stat_activity where datname = current_database() and application_name <> 'harness'`;
  await eventually(async () => (await rowsOf(url, connected)).length === 0, 'no connection is left');
});

test('the port is closed until the workers are ready: a proxy asks another gateway meanwhile', { timeout: 60_000 }, async () => {
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  const port = await freePort();
  const gateway = startGateway({ DATABASE_URL: url, SECRET_KEY, MAX_WORKERS: '2', PORT: String(port) });
  onTestFinished(async () => void (await gateway.stop('SIGKILL')));
  const workers = () => childrenOf(gateway.child.pid as number);
  await eventually(() => workers().length === 2, 'the workers are starting');
  const starting = workers();
  for (const worker of starting) kill(worker, 'SIGSTOP');
  expect(await listens(port)).toBe(false);
  for (const worker of starting) kill(worker, 'SIGCONT');
  await gateway.ready;
  expect(await listens(port)).toBe(true);
});

test.each([
  ['the user of the tests', undefined],
  ['another user', NOBODY],
] as const)('a fresh start as %s migrates and seeds once, and one that fails stops its server', { timeout: 120_000 }, async (_, uid) => {
  if (uid !== undefined && !canBeNobody) return void console.warn('Skipped: this is not root, or nobody cannot read the checkout.');
  // The user postgres, whom the server of root runs as, must be able to enter it.
  const own = path.join(import.meta.dirname, `../.convoy/embedded-test-workers-${process.pid}`);
  const dir = uid === undefined ? own : await mkdtemp(path.join(tmpdir(), 'convoy-start-'));
  if (uid !== undefined) await chown(dir, uid, uid);
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const settings = { DATABASE_DIR: path.join(dir, 'postgres'), SEED_SCALE: '0.01', SECRET_KEY, MAX_WORKERS: '2' };
  const first = startGateway(settings, { uid });
  onTestFinished(async () => void (await first.stop('SIGKILL')));
  const { url } = await first.ready;
  expect(first.output().split('Loading demo data')).toHaveLength(2);
  const port = Number(new URL(url).port);
  expect(childrenOf(first.child.pid as number).length).toBeGreaterThanOrEqual(2);
  for (const client of [aClient(port), aClient(port)])
    expect(JSON.parse((await client.ask('{ spas(first: 1) { nodes { name } } }')).body).data.spas.nodes).toHaveLength(1);
  const databasePort = Number(/@127\.0\.0\.1:(\d+)/.exec(first.output())?.[1]);
  expect(await listens(databasePort)).toBe(true);
  expect(await first.stop('SIGINT')).toMatchObject({ code: 0, stderr: '' });
  expect(await listens(databasePort)).toBe(false);
  const failed = startGateway({ ...settings, TRUSTED_DOCUMENTS: 'only', TRUSTED_DOCUMENTS_FILE: '/nowhere/documents.json' }, { uid });
  onTestFinished(async () => void (await failed.stop('SIGKILL')));
  expect((await failed.ended).code).toBe(1);
  expect(spawnSync('pgrep', ['-f', dir]).stdout.toString()).toBe('');
});
