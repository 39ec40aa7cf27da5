// A process that was stopped, or had no time, finds its timers due and its sockets full. What has arrived is read before it is missed.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createLog } from '../../../src/log.ts';
import { createParentStore } from '../../../src/rate-limit/shared-store.ts';
import { createDatabaseCheck } from '../../../src/resources/database-check.ts';
import { openPostgres } from '../../../src/resources/postgres.ts';
import { createPrimaryWatch } from '../../../src/resources/primary-watch.ts';
import { openRedisCommands } from '../../../src/resources/redis-commands.ts';
import { createPeer } from '../../../src/workers/peer.ts';
import { aFleet, eventually, kill } from '../../support/fleet.ts';
import { listeningToOneDatabase } from '../../support/listening.ts';
import { answersIn, bytesOf } from '../../support/raw-http.ts';
import { anOwnRedis, hasRedis } from '../../support/redis-server.ts';

const REQUEST = bytesOf({ headers: { connection: 'keep-alive' }, body: JSON.stringify({ query: '{ __typename }' }) });
/** Longer than an unused connection stays open, while the gateway runs and while it stops. */
const LONG_MS = 7500;

/** A connection, and how many answers have come on it. */
async function aConnection(port: number) {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  const seen = { text: '', failure: undefined as string | undefined };
  socket.setEncoding('utf8').on('data', (chunk) => {
    seen.text += chunk;
  });
  socket.once('error', (error: NodeJS.ErrnoException) => {
    seen.failure = error.code;
  });
  return {
    send: () => void socket.write(REQUEST),
    answers: async (count: number) => {
      await eventually(() => answersIn(seen.text).length >= count || socket.destroyed, 'it has been answered, or closed');
      return { failure: seen.failure, statuses: answersIn(seen.text).map(({ status }) => status) };
    },
  };
}

const isClosed = (port: number) =>
  new Promise<boolean>((resolve) => {
    const attempt = connect(port, '127.0.0.1');
    attempt.once('error', () => resolve(true));
    attempt.once('connect', () => {
      attempt.destroy();
      resolve(false);
    });
  });

test.each(['1', '2'])(
  'with %s workers, a request that comes while the gateway is stalled is answered on its old connection',
  {
    timeout: 90_000,
  },
  async (workers) => {
    const fleet = await aFleet({ MAX_WORKERS: workers });
    const pids = [fleet.child.pid as number, ...fleet.workers()];
    const stall = async (send: () => void) => {
      for (const pid of pids) kill(pid, 'SIGSTOP');
      await wait(200);
      send();
      await wait(LONG_MS);
      for (const pid of pids) kill(pid, 'SIGCONT');
    };
    const [kept, last] = [await aConnection(fleet.port), await aConnection(fleet.port)];
    kept.send();
    await kept.answers(1);
    await stall(kept.send);
    expect(await kept.answers(2)).toEqual({ failure: undefined, statuses: [200, 200] });

    last.send();
    await last.answers(1);
    fleet.child.kill('SIGTERM');
    await eventually(() => isClosed(fleet.port), 'it has closed its port');
    await stall(last.send);
    expect(await last.answers(2)).toEqual({ failure: undefined, statuses: [200, 200] });
    expect((await fleet.ended).code).toBe(0);
  },
);

/** Another process, and `stalled`: asks it, and does nothing in this one until it has answered, and for so many milliseconds. */
async function anotherProcess() {
  const folder = await mkdtemp(path.join(tmpdir(), 'convoy-stall-'));
  const file = path.join(folder, 'sent');
  const child = fork(path.resolve(import.meta.dirname, '../../support/answering-process.ts'), [file]);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });
  const peer = createPeer(child);
  expect(await peer.ask('double', 2, 20_000)).toBe(4);
  return {
    child,
    peer,
    stalled: async <T>(ms: number, ask: () => Promise<T>): Promise<T> => {
      rmSync(file, { force: true });
      const asked = ask();
      asked.catch(() => undefined);
      await turn();
      for (const end = performance.now() + ms; performance.now() < end || !existsSync(file); ) idle(5);
      return await asked;
    },
  };
}

/** Stops this thread. */
const idle = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

describe('answers that have come while this process had no time', () => {
  const aListener = listeningToOneDatabase();

  test('of another process are answers', async () => {
    const { child, peer, stalled } = await anotherProcess();
    expect(await stalled(200, () => peer.ask('double', 21, 50))).toBe(42);
    const store = createParentStore(child as never, { timeoutMs: 50 });
    const take = async () => store.take('somebody', [{ max: 1, windowMs: 60_000 }], 1);
    expect(await stalled(200, take)).toMatchObject({ isAllowed: true });
  });

  test('of the database keep its connection', async () => {
    const { changes, gaps } = await aListener({ options: { timeoutMs: 200 } });
    for (let i = 0; i < 3; i++) {
      const heard = changes.barrier();
      await turn();
      idle(1000);
      await heard;
    }
    expect({ gaps, isConnected: changes.isConnected }).toEqual({ gaps: [], isConnected: true });
  });

  test('of the database say that it is ready, and how far it is, and none of these questions is cancelled', async () => {
    const { databaseUrl } = await aListener();
    const log = createLog({ level: 'silent' });
    const { database, close } = await openPostgres(databaseUrl, log);
    const cancel = vi.spyOn(pg.Connection.prototype as unknown as { cancel: () => void }, 'cancel');
    onTestFinished(() => cancel.mockRestore());
    onTestFinished(close);
    const isReady = createDatabaseCheck(database, []);
    const watch = createPrimaryWatch(database, { maxLagMs: 1000, leastMs: 100 }, log);
    const afterStall = async <T>(asked: Promise<T>) => {
      await turn();
      idle(1500);
      return await asked;
    };
    expect(await afterStall(isReady().catch(() => 'it does not answer'))).toBe(true);
    await afterStall(watch.ask());
    expect(watch.latest).toBeDefined();
    expect(cancel).not.toHaveBeenCalled();
  });

  test.skipIf(!hasRedis).each([1000, 2500])('of Redis are answers, after %s ms', async (ms) => {
    const redis = await openRedisCommands((await anOwnRedis()).url, { commandTimeoutMs: 100 });
    onTestFinished(() => redis.disconnect());
    let losses = 0;
    redis.on('close', () => losses++);
    const set = redis.set('key', 'value');
    await turn();
    idle(ms);
    expect([await set, losses]).toEqual(['OK', 0]);
  });

  test.skipIf(!hasRedis)('of a Redis that is silent are missed in time', async () => {
    const server = await anOwnRedis();
    const redis = await openRedisCommands(server.url, { commandTimeoutMs: 100 });
    onTestFinished(() => redis.disconnect());
    await redis.client('PAUSE', 5000);
    const since = performance.now();
    await expect(redis.get('key')).rejects.toThrow('Command timed out');
    expect(performance.now() - since).toBeLessThan(4000);
    let isClosed = false;
    redis.on('close', () => {
      isClosed = true;
    });
    while (!isClosed && performance.now() - since < 4900) await redis.get('key').catch(() => wait(50));
    expect(isClosed).toBe(true);
  });
});

test('what waits for a process that does not read is bounded, and what was accepted arrives when it reads again', async () => {
  const { child, peer } = await anotherProcess();
  child.kill('SIGSTOP');
  let accepted = 0;
  while (peer.tell('news', 'x'.repeat(100))) accepted++;
  expect(accepted).toBeGreaterThan(1000);
  expect(accepted).toBeLessThan(50_000);
  await expect(peer.ask('double', 1, 20_000)).rejects.toThrow('too far behind');
  child.kill('SIGCONT');
  await eventually(
    () =>
      peer.ask<number>('how many news', undefined, 20_000).then(
        (told) => told === accepted,
        () => false,
      ),
    'all have arrived',
  );
  expect(await peer.ask('double', 3, 20_000)).toBe(6);
});
