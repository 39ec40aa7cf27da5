import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeEach, expect, inject, test } from 'vitest';
import { createLog } from '../src/log.ts';
import { openEmbeddedPostgres } from '../src/resources/embedded-postgres.ts';
import { rowsOf } from './support/database.ts';

const DIR = path.resolve(import.meta.dirname, `../.convoy/embedded-test-${inject('runId')}`);
const opened: (() => Promise<void>)[] = [];
/** The folder in use, which is another than was asked for where PostgreSQL's user cannot enter the checkout. */
let dir = DIR;

async function open() {
  const server = await openEmbeddedPostgres({ dir: DIR, mayMove: true, log: createLog({ level: 'silent' }) });
  opened.push(server.close);
  dir = server.dir;
  return server;
}

const pidFile = () => path.join(dir, 'data/postmaster.pid');
const isRunning = () => existsSync(pidFile());
const answers = (url: string) =>
  rowsOf(url, 'select 1').then(
    () => true,
    () => false,
  );

async function postmaster(): Promise<number> {
  return Number((await readFile(pidFile(), 'utf8')).split('\n')[0]);
}

function openInAnotherProcess() {
  const script = path.join(import.meta.dirname, 'support/embedded-process.ts');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, DIR], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  return {
    url: once(child.stdout, 'data').then(([chunk]) => String(chunk).trim()),
    close: async () => {
      child.stdin.end();
      expect((await exit)[0]).toBe(0);
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exit;
    },
  };
}

beforeEach(async () => {
  await Promise.all(opened.splice(0).map((close) => close()));
});

afterAll(async () => {
  await Promise.all(opened.map((close) => close()));
  await Promise.all([dir, DIR].map((folder) => rm(folder, { recursive: true, force: true })));
});

test('two opens share one server, and the last close stops it', async () => {
  const [first, second] = await Promise.all([open(), open()]);
  expect(second.url).toBe(first.url);
  await first.close();
  expect(await answers(second.url)).toBe(true);
  await second.close();
  expect(isRunning()).toBe(false);
});

test('a second close of the same lease takes nothing from the others', async () => {
  const [first, second] = await Promise.all([open(), open()]);
  await Promise.all([first.close(), first.close()]);
  await first.close();
  expect(await answers(second.url)).toBe(true);
});

test('data survives a stop and a start', async () => {
  const before = await open();
  await rowsOf(before.url, 'create table kept as select 42 as answer');
  await before.close();
  expect(isRunning()).toBe(false);
  const after = await open();
  expect(await rowsOf(after.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
});

test('a killed server comes back under the same address with its data', async () => {
  const { url } = await open();
  await rowsOf(url, 'create table survives as select 7 as answer');
  const killed = await postmaster();
  process.kill(killed, 'SIGKILL');
  await expect.poll(() => answers(url), { timeout: 15_000 }).toBe(true);
  expect(await postmaster()).not.toBe(killed);
  expect(await rowsOf(url, 'select answer from survives')).toEqual([{ answer: 7 }]);
});

test('a killed server whose disk is away for a moment is not replaced by an empty one', async () => {
  const { url } = await open();
  await rowsOf(url, 'create table kept_aside as select 9 as answer');
  const [data, aside] = [path.join(dir, 'data'), path.join(dir, 'aside')];
  const killed = await postmaster();
  await rename(data, aside);
  process.kill(killed, 'SIGKILL');
  // It is started again at once, and each second.
  await wait(2500);
  expect([existsSync(data), existsSync(`${data}.new`)]).toEqual([false, false]);
  await rename(aside, data);
  await expect.poll(() => answers(url), { timeout: 15_000 }).toBe(true);
  expect(await rowsOf(url, 'select answer from kept_aside')).toEqual([{ answer: 9 }]);
});

test('a close while the server is being restarted leaves no server behind', async () => {
  const { url, close } = await open();
  process.kill(await postmaster(), 'SIGKILL');
  await expect.poll(() => answers(url), { interval: 5 }).toBe(false);
  await close();
  await expect.poll(() => answers(url)).toBe(false);
  // Whatever the restart had got to, the next start works and the next close stops.
  const next = await open();
  expect(await answers(next.url)).toBe(true);
  await next.close();
  expect(isRunning()).toBe(false);
});

test('processes that start at the same moment share one server, and whichever goes last stops it', async () => {
  const [first, second] = [openInAnotherProcess(), openInAnotherProcess()];
  const mine = await open();
  expect([await first.url, await second.url]).toEqual([mine.url, mine.url]);
  await mine.close();
  await first.close();
  expect(await answers(mine.url)).toBe(true);
  await second.close();
  expect(isRunning()).toBe(false);
});

test('a process that is killed gives its lease back', async () => {
  const other = openInAnotherProcess();
  await other.url;
  const mine = await open();
  await other.kill();
  await expect.poll(() => rowsOf(mine.url, `select pid from pg_stat_activity where application_name = 'convoy lease'`)).toHaveLength(1);
  await mine.close();
  expect(isRunning()).toBe(false);
});
