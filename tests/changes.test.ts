import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { StartError } from '../src/errors.ts';
import { createLog } from '../src/log.ts';
import { openChanges } from '../src/resources/changes.ts';
import { rowsOf } from './support/database.ts';
import { aWriter, hire, listeningToOneDatabase } from './support/listening.ts';
import { watchStatements } from './support/statements.ts';

const OURS = `datname = current_database() and application_name = 'convoy changes'`;
const connections = async (databaseUrl: string) => (await rowsOf(databaseUrl, `select 1 from pg_stat_activity where ${OURS}`)).length;
const aListener = listeningToOneDatabase();

test('when the barrier is passed, every change that was committed before has been heard', async () => {
  const { changes, batches, databaseUrl } = await aListener();
  const heard = new Set<string>();
  changes.subscribe({ onChange: (tags) => tags.forEach((tag) => void heard.add(tag)), onGap: () => undefined });
  let late = 0;
  const work = async (worker: number) => {
    const writer = await aWriter(databaseUrl);
    for (let round = 0; round < 250; round++) {
      const id = worker * 1000 + round;
      // Some write in a transaction that is open for a while, beside others that commit meanwhile.
      if (round % 5 === 0) {
        await writer.query(`begin; ${hire(id, 1)}`);
        if (round % 10 === 0) await wait(1);
        await writer.query('commit');
      } else await writer.query(hire(id, 1));
      await changes.barrier();
      if (!heard.has(`hiring_forms:${id}`)) late++;
    }
  };
  await work(100);
  await Promise.all([101, 102, 103, 104, 105, 106].map(work));
  expect(late).toBe(0);
  expect(heard.size).toBe(7 * 250 + 2);
  expect(batches.length).toBeGreaterThan(100);
}, 60_000);

test('callers share a barrier that has not been sent, never one that has', async () => {
  const { changes, writer, databaseUrl } = await aListener();
  const heard: string[] = [];
  changes.subscribe({ onChange: (tags) => heard.push(...tags), onGap: () => undefined });
  const statements = watchStatements(databaseUrl);
  onTestFinished(() => void statements.stop());
  const sent = await statements.during(async () => {
    const first = Array.from({ length: 20 }, () => changes.barrier());
    await Promise.resolve();
    const second = Array.from({ length: 20 }, () => changes.barrier());
    await Promise.all([...first, ...second]);
  });
  expect(sent).toEqual(['select 1', 'select 1']);
  await writer.query('update spas set version = 2 where id = 1');
  await changes.barrier();
  expect(heard).toContain('spas:1');
});

test('one read of the socket is one batch, each tag once, and who unsubscribed hears nothing', async () => {
  const { changes, writer, batches, tagsOf } = await aListener();
  const unheard: unknown[] = [];
  changes.subscribe({ onChange: (tags) => unheard.push(tags), onGap: () => undefined })();
  await tagsOf('select 1');
  await writer.query(
    'begin; update spas set version = 2 where id = 1; update spas set version = 3 where id = 2; update users set version = 2 where id = 1; commit',
  );
  await changes.barrier();
  expect(batches.map((tags) => [...tags].sort())).toEqual([['spas', 'spas:1', 'spas:2', 'users', 'users:1']]);
  expect(unheard).toEqual([]);
});

test('a notification that cannot be read is a gap', async () => {
  const { tagsOf, gaps, changes, logged } = await aListener();
  for (const payload of ['', '{', 'null', '{}', '{"tags":"spas"}', '{"tags":[1]}']) {
    gaps.length = 0;
    expect(await tagsOf(`select pg_notify('convoy_changes', '${payload}')`)).toEqual([]);
    expect(gaps, payload).toEqual([true]);
  }
  expect(changes.isConnected).toBe(true);
  expect(logged).toHaveLength(6);
  expect(await tagsOf('update spas set version = 2 where id = 1')).toEqual(['spas', 'spas:1']);
});

test('a connection that ends is a gap until it is back, and is logged once', async () => {
  const { changes, databaseUrl, gaps, logged, tagsOf, batches, writer } = await aListener();
  expect(changes.isConnected).toBe(true);
  for (let round = 1; round <= 3; round++) {
    gaps.length = logged.length = 0;
    const ended = new Promise((resolve) => changes.subscribe({ onChange: () => undefined, onGap: () => resolve(changes.isConnected) }));
    await rowsOf(databaseUrl, `select pg_terminate_backend(pid) from pg_stat_activity where ${OURS}`);
    expect(await ended).toBe(false);
    // Nobody hears it, and so it is part of the gap.
    await writer.query('update spas set version = version + 1 where id = 2');
    await changes.barrier();
    await expect.poll(() => changes.isConnected).toBe(true);
    expect(gaps).toEqual([false, false]);
    expect(logged.map(({ level }) => level)).toEqual([40, 30]);
    expect(await tagsOf('update spas set version = version + 1 where id = 1')).toEqual(['spas', 'spas:1']);
    expect(batches.flat()).not.toContain('spas:2');
  }
});

test('a barrier passes when the connection ends under it, after the gap was told', async () => {
  const { changes, gaps, databaseUrl } = await aListener();
  const barriers = Array.from({ length: 3 }, async () => {
    for (let i = 0; i < 200; i++) await changes.barrier();
  });
  await rowsOf(databaseUrl, `select pg_terminate_backend(pid) from pg_stat_activity where ${OURS}`);
  await Promise.all(barriers);
  await expect.poll(() => changes.isConnected).toBe(true);
  expect(gaps).toEqual([false, false]);
});

test('a server that refuses for a while is asked again and again, and the log says it once', async () => {
  const { changes, databaseUrl, gaps, logged, tagsOf } = await aListener({ isOwn: true });
  const name = new URL(databaseUrl).pathname.slice(1);
  const admin = Object.assign(new URL(databaseUrl), { pathname: '/postgres' }).toString();
  await rowsOf(admin, `alter database ${name} with allow_connections false`);
  await rowsOf(
    admin,
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}' and application_name = 'convoy changes'`,
  );
  await expect.poll(() => changes.isConnected).toBe(false);
  await wait(600);
  await changes.barrier();
  expect(changes.isConnected).toBe(false);
  await rowsOf(admin, `alter database ${name} with allow_connections true`);
  await expect.poll(() => changes.isConnected, { timeout: 5000 }).toBe(true);
  expect(gaps).toEqual([false, false]);
  expect(logged).toHaveLength(2);
  expect(await tagsOf('update spas set version = 2 where id = 1')).toEqual(['spas', 'spas:1']);
});

test.each(['heartbeat', 'barrier'])('a connection that is dead without a word is noticed by the %s', async (by) => {
  const line = await aLine();
  const options = by === 'barrier' ? { timeoutMs: 300 } : { heartbeatMs: 100, timeoutMs: 300 };
  const { changes, gaps, close } = await aListener({ through: line.through, options });
  line.isCut = true;
  if (by === 'barrier') await changes.barrier();
  else await expect.poll(() => changes.isConnected, { timeout: 3000 }).toBe(false);
  expect([changes.isConnected, gaps]).toEqual([false, [false]]);
  await wait(700);
  expect(changes.isConnected).toBe(false);
  line.isCut = false;
  await expect.poll(() => changes.isConnected, { timeout: 5000 }).toBe(true);
  line.isCut = true;
  const start = performance.now();
  await close();
  expect(performance.now() - start).toBeLessThan(2000);
});

test('close leaves nothing open, whether the connection is there or not', async () => {
  const { changes, close, databaseUrl, logged, gaps } = await aListener();
  expect(await connections(databaseUrl)).toBe(1);
  const barrier = changes.barrier();
  await close();
  await barrier;
  await changes.barrier();
  await expect.poll(() => connections(databaseUrl)).toBe(0);
  expect([changes.isConnected, logged, gaps]).toEqual([false, [], []]);

  const other = await aListener();
  await rowsOf(other.databaseUrl, `select pg_terminate_backend(pid) from pg_stat_activity where ${OURS}`);
  await expect.poll(() => other.changes.isConnected).toBe(false);
  await other.close();
  await wait(300);
  expect(await connections(other.databaseUrl)).toBe(0);
  expect(other.changes.isConnected).toBe(false);
});

test('the schema of the URL is taken out, and a start without a database ends with one sentence', async () => {
  const { close, changes } = await aListener({ through: (url) => `${url}?schema=public&connection_limit=3&statement_timeout=1` });
  expect(changes.isConnected).toBe(true);
  await close();
  const error = await openChanges('postgresql://spa:s3cret@127.0.0.1:1/spas', createLog({ level: 'silent' })).catch((reason) => reason);
  expect(error).toBeInstanceOf(StartError);
  expect(error.message).toBe('The database at 127.0.0.1:1 does not answer (ECONNREFUSED). Start it, or check DATABASE_URL.');
});

/** A way to the database that can be cut: then both sides stay connected, and nothing arrives. */
async function aLine() {
  let target = { host: '', port: 0 };
  const sockets = new Set<Socket>();
  const line = { isCut: false };
  const server = createServer((client) => {
    const upstream = connect(target);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (data) => void (line.isCut || to.write(data)));
      from.on('error', () => undefined).on('close', () => to.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return Object.assign(line, {
    through: (url: string) => {
      const parsed = new URL(url);
      target = { host: parsed.hostname, port: Number(parsed.port) };
      return Object.assign(parsed, { host: `127.0.0.1:${(server.address() as { port: number }).port}` }).toString();
    },
  });
}
