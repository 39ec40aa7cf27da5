// Several workers under one primary: who answers, and what becomes of requests when a worker dies.

import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { aClient, aFleet, aLoad, childrenOf, eventually, isRunning, kill } from './support/fleet.ts';
import { startGateway } from './support/gateway.ts';
import { times } from './support/protection.ts';

const TRIVIAL = '{ __typename }';
const SPAS = '{ spas(first: 2) { nodes { name } } }';

/** Which of these are not answered soon, while a worker is stopped. */
async function silent(clients: ReturnType<typeof aClient>[]) {
  const outcomes = await Promise.allSettled(clients.map((client) => client.ask(TRIVIAL, { timeoutMs: 2000 })));
  return clients.filter((_, i) => outcomes[i]?.status === 'rejected');
}

test('connections are spread evenly, all workers answer, and figures are of all', { timeout: 60_000 }, async () => {
  const { port, workers } = await aFleet({ MAX_WORKERS: '3', DATABASE_CONNECTIONS: '30' });
  expect(workers()).toHaveLength(3);
  const clients = times(12, () => aClient(port));
  for (const answer of await Promise.all(clients.map((client) => client.ask(SPAS)))) expect(answer.status).toBe(200);
  const health = JSON.parse((await clients[0]?.get('/health'))?.body ?? '');
  // 30, less two of the primary's, for three workers and one that takes the place of another, each of which listens with one.
  expect(health).toEqual({
    status: 'ok',
    workers: 3,
    connections: 12,
    pool: { inUse: expect.any(Number), idle: expect.any(Number), waiting: 0, max: 18, budget: 30 },
  });
  expect(health.pool.inUse + health.pool.idle).toBeGreaterThanOrEqual(3);
  const stuck = workers()[1] as number;
  process.kill(stuck, 'SIGSTOP');
  const held = await silent(clients);
  process.kill(stuck, 'SIGCONT');
  expect(held).toHaveLength(4);
  for (const client of held) expect((await client.ask(TRIVIAL)).status).toBe(200);
});

test('a worker that is killed under load costs its own connections alone, and another takes its place', { timeout: 90_000 }, async () => {
  const { port, workers, output } = await aFleet();
  const clients = times(8, () => aClient(port));
  await Promise.all(clients.map((client) => client.ask(TRIVIAL)));
  const load = aLoad(16, async (i) => {
    const client = clients[i];
    if (client) return client.ask(SPAS);
    // Others open a connection for each request.
    const fresh = aClient(port, { isKept: false });
    return fresh.ask(SPAS).finally(fresh.end);
  });
  await wait(500);
  const [victim = 0, other] = workers();
  process.kill(victim, 'SIGKILL');
  await eventually(() => workers().length === 2 && !workers().includes(victim), 'there is another one');
  await eventually(() => output().includes('another one takes its place'), 'the log says so');
  await wait(1500);
  const { answers, failures } = await load.stop();
  expect(workers()).toContain(other);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(failures.filter((code) => !['ECONNRESET', 'EPIPE'].includes(code))).toEqual([]);
  // Four connections that are kept, and those of the others that were open just then.
  expect(failures.length).toBeGreaterThan(0);
  expect(failures.length).toBeLessThanOrEqual(4 + 8);
  expect(clients.map(({ opened }) => opened).sort()).toEqual([1, 1, 1, 1, 2, 2, 2, 2]);
});

test('connections on their way to a worker that is stuck and then killed are answered by another', { timeout: 60_000 }, async () => {
  const { port, workers } = await aFleet();
  const [stuck = 0] = workers();
  process.kill(stuck, 'SIGSTOP');
  const asked = times(40, () => aClient(port).ask(TRIVIAL));
  const settled = Promise.allSettled(asked);
  const answered = () => Promise.all(asked.map((one) => Promise.race([one.then(() => 1), wait(0).then(() => 0)])));
  await eventually(async () => (await answered()).filter(Boolean).length === 36, 'all but four are answered by the other one');
  await wait(200);
  expect((await answered()).filter(Boolean)).toHaveLength(36);
  process.kill(stuck, 'SIGKILL');
  for (const outcome of await settled) expect(outcome).toMatchObject({ status: 'fulfilled', value: { status: 200 } });
});

test('a worker that hangs is noticed by its silence, and replaced; a primary that was stopped blames nobody', {
  timeout: 60_000,
}, async () => {
  const impatient = (settings: Record<string, string>) => startGateway(settings, { main: 'tests/support/impatient-gateway.ts' });
  const { child, port, workers, output } = await aFleet({}, impatient);
  const before = workers();
  child.kill('SIGSTOP');
  await wait(4000);
  child.kill('SIGCONT');
  await wait(1000);
  expect(workers()).toEqual(before);
  const clients = times(4, () => aClient(port));
  await Promise.all(clients.map((client) => client.ask(TRIVIAL)));
  process.kill(before[0] as number, 'SIGSTOP');
  const outcomes = await Promise.allSettled(clients.map((client) => client.ask(TRIVIAL)));
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
  await eventually(() => workers().length === 2 && !workers().includes(before[0] as number), 'another has taken its place');
  expect(output()).toContain('a worker gives no sign of life');
  for (const client of clients) expect((await client.ask(TRIVIAL)).status).toBe(200);
});

test('with all workers killed the port stays open, and who comes waits for the next ones', { timeout: 60_000 }, async () => {
  const { port, workers, child, stop } = await aFleet();
  for (let round = 0; round < 2; round++) {
    for (const pid of workers()) kill(pid, 'SIGKILL');
    const answers = await Promise.all(times(10, () => aClient(port).ask(TRIVIAL)));
    for (const { status, headers } of answers) {
      // On a slow machine a worker may take longer to start than a connection waits.
      expect([200, 503]).toContain(status);
      if (status === 503) expect(headers['retry-after']).toBeDefined();
    }
    await eventually(() => childrenOf(child.pid as number).length === 2, 'both are back');
  }
  await eventually(async () => (await aClient(port).ask(TRIVIAL)).status === 200, 'it answers');
  const last = workers();
  expect((await stop('SIGINT')).code).toBe(0);
  expect(last.filter(isRunning)).toEqual([]);
});

test('workers that die again and again are replaced after pauses that grow', { timeout: 60_000 }, async () => {
  const { port, workers } = await aFleet();
  let deaths = 0;
  const end = performance.now() + 5000;
  const killing = (async () => {
    while (performance.now() < end) {
      for (const pid of workers()) {
        deaths++;
        kill(pid, 'SIGKILL');
      }
      await wait(20);
    }
  })();
  await killing;
  // After 0, 100, 200, 400, … ms: some seven of them, and the two that were there, some of which are seen twice.
  expect(deaths).toBeGreaterThan(3);
  expect(deaths).toBeLessThan(25);
  await eventually(
    async () =>
      (
        await aClient(port)
          .ask(TRIVIAL, { timeoutMs: 30_000 })
          .catch(() => undefined)
      )?.status === 200,
    'it recovers',
  );
});
