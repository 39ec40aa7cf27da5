// What becomes of a gateway whose processes run out of file descriptors, and that it does not run out by the connections of clients.

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { maxOpenFiles, shareDescriptors } from '../../../src/gateway/process/descriptor-budget.ts';
import { aClient, aFleet, childrenOf, eventually, kill } from '../../support/fleet.ts';
import { startGateway } from '../../support/gateway.ts';
import { times } from '../../support/protection.ts';

const SPAS = '{ spas(first: 2) { nodes { id name } } }';
const [ROUNDS, CLIENTS] = [4, 300];
const PLENTY = 20_000;

const openFilesOf = (pid: number) => readdirSync(`/proc/${pid}/fd`).length;

/** Bounds the open files of a process that runs. */
function limit(pid: number, maxOpenFiles: number): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(pid), `--nofile=${maxOpenFiles}:${PLENTY}`]);
  if (status !== 0) throw new Error(String(stderr));
}

/** Opens many connections, each with a request on it, and holds them until each has its answer or is closed: how many have read what. */
async function storm(port: number) {
  const seen = { good: 0, refused: 0, closed: 0 };
  const sockets = times(CLIENTS, () => {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    socket.once('connect', () => socket.write('GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n'));
    return socket;
  });
  await Promise.all(
    sockets.map(async (socket) => {
      const answer = await new Promise<string>((resolve) => {
        socket.once('data', (data) => resolve(data.toString('latin1'))).once('close', () => resolve(''));
      });
      const status = /^HTTP\/1\.1 (\d+) /.exec(answer)?.[1];
      seen[status === '200' ? 'good' : status === '503' ? 'refused' : 'closed']++;
    }),
  );
  for (const socket of sockets) socket.destroy();
  return seen;
}

/** Asks over new connections until all of so many requests in a row are answered 200. */
async function answersAgain(port: number): Promise<void> {
  let good = 0;
  const ask = async () => {
    const client = aClient(port, { isKept: false });
    const answers = [await client.get('/health', { timeoutMs: 3000 }), await client.ask(SPAS, { timeoutMs: 3000 })];
    good = answers.every(({ status, body }) => status === 200 && !body.includes('errors')) ? good + 1 : 0;
  };
  await eventually(async () => {
    await ask().catch(() => {
      good = 0;
    });
    return good >= 10;
  }, 'it answers again');
}

test.each(['1', '2'])(
  'a gateway of %s workers with few descriptors refuses what it has no place for, and never runs out',
  {
    timeout: 90_000,
  },
  async (workers) => {
    const settings = { MAX_WORKERS: workers, DATABASE_CONNECTIONS: '20' };
    const { port, output } = await aFleet(settings, (given) => startGateway(given, { maxOpenFiles: 120 }));
    expect(output()).toContain('too low for WORKER_CONNECTIONS');
    for (let round = 0; round < ROUNDS; round++) expect((await storm(port)).good).toBeGreaterThan(40);
    await answersAgain(port);
    expect(output()).not.toContain('no file descriptor');
  },
);

test('workers that run out lose nothing but what they are handed meanwhile, which is answered 503', { timeout: 90_000 }, async () => {
  const { port, workers, output } = await aFleet();
  const before = workers();
  // What each of them holds, and a few more.
  for (const pid of before) limit(pid, openFilesOf(pid) + 10);
  for (let round = 0; round < ROUNDS; round++) {
    const { good, closed } = await storm(port);
    expect(good).toBeGreaterThanOrEqual(20);
    expect(closed).toBe(0);
  }
  await answersAgain(port);
  expect(output()).toContain('a worker has no file descriptor for another connection');

  // One without any descriptor takes nothing, and the other serves all.
  const [without = 0, other = 0] = before;
  limit(without, 3);
  limit(other, PLENTY);
  const clients = times(20, () => aClient(port));
  for (const answer of await Promise.all(clients.map((client) => client.ask(SPAS)))) expect(answer.status).toBe(200);
  // Where none has any, who comes is told so when they have waited.
  for (const pid of before) limit(pid, 3);
  expect((await aClient(port).ask(SPAS)).status).toBe(503);
  for (const pid of before) limit(pid, PLENTY);
  await answersAgain(port);
  expect(workers()).toEqual(before);
});

test('a primary that runs out accepts again afterwards, and replaces a worker that ended meanwhile', { timeout: 90_000 }, async () => {
  const { port, child, workers, output } = await aFleet();
  const pid = child.pid as number;
  limit(pid, openFilesOf(pid) + 3);
  for (let round = 0; round < ROUNDS; round++) await storm(port);
  await answersAgain(port);
  limit(pid, openFilesOf(pid));
  const [victim = 0] = workers();
  kill(victim, 'SIGKILL');
  await eventually(() => output().includes('a worker does not start'), 'no other worker can be started');
  limit(pid, PLENTY);
  await eventually(() => childrenOf(pid).length === 2 && !childrenOf(pid).includes(victim), 'there is another worker');
  await answersAgain(port);
});

test('a process without descriptors for its database answers OVERLOADED, and has its data again afterwards', {
  timeout: 90_000,
}, async () => {
  const { port, child } = await aFleet({ MAX_WORKERS: '1', PLAYGROUND: 'true', RESPONSE_CACHE: 'false' });
  const pid = child.pid as number;
  const client = aClient(port);
  // The connection of the client is kept, and those of the pool are closed when they have been idle for ten seconds.
  for (let i = 0; i < 12; i++) {
    expect((await client.ask('{ __typename }')).status).toBe(200);
    await wait(1000);
  }
  limit(pid, 3);
  const { status, headers, body } = await client.ask(SPAS);
  expect({ status, code: JSON.parse(body).errors[0].extensions.code }).toEqual({ status: 200, code: 'OVERLOADED' });
  expect(headers['retry-after']).toBeDefined();
  limit(pid, PLENTY);
  await answersAgain(port);
});

test('the share of clients leaves room for databases, and a limit that does not is refused in one sentence', () => {
  const share = { primary: 20, replica: 10 };
  const given = { workers: 2, workerConnections: 1000, replicas: 1, share };
  expect(shareDescriptors({ ...given, limit: 20_000 })).toEqual({ connections: 1000, refused: 1000, waiting: 1000 });
  const { connections, refused, waiting } = shareDescriptors({ ...given, limit: 200 });
  expect(connections).toBeGreaterThan(50);
  expect(connections + refused).toBeLessThanOrEqual(200 - 32);
  expect(waiting + refused).toBeLessThan(200);
  expect(() => shareDescriptors({ ...given, limit: 80 })).toThrow(/ulimit -n\) is 80.*lower DATABASE_CONNECTIONS/);
  expect(maxOpenFiles()).toBeGreaterThan(100);
});
