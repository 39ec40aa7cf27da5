// SIGTERM and SIGINT: what is under way finishes, clients are told to go, and nothing is left.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { readWebsitesAs } from './support/batching.ts';
import { createDatabase, rowsOf } from './support/database.ts';
import { aClient, aFleet, aSubscription, childrenOf, eventually, isRunning, kill, tokenOf } from './support/fleet.ts';
import { SECRET_KEY, startGateway } from './support/gateway.ts';
import { mutation, toIssue } from './support/inputs.ts';
import { times } from './support/protection.ts';
import { answersIn, bytesOf } from './support/raw-http.ts';

const TRIVIAL = '{ __typename }';
const SLOW = '{ spas(first: 1) { nodes { website } } }';
const ISSUE = mutation('issueCertificate', 'certificate { id }');

/** A connection of which the gateway has these bytes. */
async function sending(port: number, bytes: string | Buffer = '') {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  socket.write(bytes);
  const received = (async () => {
    let text = '';
    try {
      for await (const chunk of socket.setEncoding('utf8')) text += chunk;
    } catch {}
    return text;
  })();
  return { socket, received };
}

const isSlow = async (databaseUrl: string) =>
  (
    await rowsOf(
      databaseUrl,
      `select 1 from pg_stat_activity where datname = current_database() and state = 'active' and wait_event = 'PgSleep'`,
    )
  ).length > 0;

test.each(['1', '2'])('with %s workers, SIGTERM lets clients finish and loses no request', { timeout: 60_000 }, async (MAX_WORKERS) => {
  const fleet = await aFleet({ MAX_WORKERS, RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_PER_MINUTE: '20' });
  const { port, databaseUrl } = fleet;
  await readWebsitesAs(databaseUrl, `(select 'slow' from pg_sleep(2))`);
  const token = await tokenOf('USER');
  const [kept, limited, writer, probe] = [aClient(port), aClient(port), aClient(port), aClient(port)] as const;
  for (let i = 0; i < 30; i++) await limited.ask(TRIVIAL);
  expect((await limited.ask(TRIVIAL)).status).toBe(429);
  const one = (query: string) =>
    bytesOf({ headers: { connection: 'keep-alive', authorization: `Bearer ${token}` }, body: JSON.stringify({ query }) });
  const stream = await aSubscription(fleet.url, undefined, { authorization: `Bearer ${token}` });
  const idle = await sending(port);
  const pipelined = await sending(port, Buffer.concat([one(SLOW), one(TRIVIAL), one(SLOW)]));
  const slow = aClient(port).ask(SLOW, { token });
  await eventually(() => isSlow(databaseUrl), 'the slow ones are under way');
  for (const client of [kept, writer]) expect((await client.ask(TRIVIAL, { token })).status).toBe(200);
  expect((await limited.ask(TRIVIAL)).status).toBe(429);
  expect((await probe.get('/health/ready')).status).toBe(200);
  const ending = fleet.stop();
  expect(await stream.ended).toMatch(/retry: \d{3,4}\n\n$/);
  // On connections that were there; they are told to go, also by what is answered before anything is done.
  const [late, alive, issued, last] = await Promise.all([
    limited.ask(TRIVIAL),
    probe.get('/health/ready'),
    writer.ask(ISSUE, { token, variables: { input: toIssue('ID_CARD') } }),
    kept.ask(TRIVIAL, { token }),
  ]);
  expect([late, alive, issued, last].map(({ status, headers }) => [status, headers.connection])).toEqual([
    [429, 'close'],
    [503, 'close'],
    [200, 'close'],
    [200, 'close'],
  ]);
  expect(JSON.parse(issued.body).errors).toBeUndefined();
  for (const { opened } of [kept, limited, writer, probe]) expect(opened).toBe(1);
  // Only the last of the answers on a connection ends it.
  const answers = answersIn(await pipelined.received);
  expect(answers.map(({ status, headers }) => [status, headers.connection])).toEqual([
    [200, 'keep-alive'],
    [200, 'keep-alive'],
    [200, 'close'],
  ]);
  expect(await slow).toMatchObject({ status: 200, headers: { connection: 'close' } });
  await expect(aClient(port).ask(TRIVIAL)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  // Nobody has ever sent a byte there: it holds nobody longer than those that might.
  await idle.received;
  const { code, stderr } = await ending;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

test.each(['1', '2'])('with %s workers, what waits to be accepted is answered yet', { timeout: 60_000 }, async (MAX_WORKERS) => {
  const { port, child, ended } = await aFleet({ MAX_WORKERS });
  child.kill('SIGSTOP');
  const asked = times(40, () => aClient(port, { isKept: false }).ask(TRIVIAL));
  await wait(500);
  child.kill('SIGTERM');
  child.kill('SIGCONT');
  for (const answer of await Promise.all(asked)) expect(answer.status).toBe(200);
  expect((await ended).code).toBe(0);
});

test.each(['1', '2'])('with %s workers, SIGINT waits for answers, and not for clients', { timeout: 60_000 }, async (MAX_WORKERS) => {
  const fleet = await aFleet({ MAX_WORKERS });
  const { port, databaseUrl } = fleet;
  await readWebsitesAs(databaseUrl, `(select 'slow' from pg_sleep(1))`);
  const kept = aClient(port);
  await kept.ask(TRIVIAL);
  await Promise.all([sending(port), sending(port, 'POST /graphql HTTP/1.1\r\nhost:')]);
  const slow = aClient(port).ask(SLOW);
  await eventually(() => isSlow(databaseUrl), 'the slow one is under way');
  const workers = fleet.workers();
  const since = performance.now();
  const { code, stderr } = await fleet.stop('SIGINT');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  // Less than idle connections are kept after SIGTERM.
  expect(performance.now() - since).toBeLessThan(5500);
  expect((await slow).status).toBe(200);
  expect(workers.filter(isRunning)).toEqual([]);
});

test('a second signal ends at once, and a signal to a worker does nothing', { timeout: 60_000 }, async () => {
  const fleet = await aFleet();
  await readWebsitesAs(fleet.databaseUrl, `(select 'slow' from pg_sleep(30))`);
  const workers = fleet.workers();
  for (const pid of workers) for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(pid, signal);
  await wait(300);
  expect(fleet.workers()).toEqual(workers);
  const slow = aClient(fleet.port).ask(SLOW);
  slow.catch(() => undefined);
  await eventually(() => isSlow(fleet.databaseUrl), 'the slow one is under way');
  fleet.child.kill('SIGTERM');
  await wait(300);
  expect((await fleet.stop('SIGTERM')).code).toBe(130);
  await expect(slow).rejects.toMatchObject({ code: 'ECONNRESET' });
  await eventually(() => workers.every((pid) => !isRunning(pid)), 'no worker is left');
});

test('a signal that arrives twice at once, as from supervisors that signal the group too, is one', { timeout: 60_000 }, async () => {
  const fleet = await aFleet();
  await readWebsitesAs(fleet.databaseUrl, `(select 'slow' from pg_sleep(1))`);
  const slow = aClient(fleet.port).ask(SLOW);
  await eventually(() => isSlow(fleet.databaseUrl), 'the slow one is under way');
  fleet.child.kill('SIGTERM');
  await wait(20);
  expect((await fleet.stop('SIGTERM')).code).toBe(0);
  expect((await slow).status).toBe(200);
});

test('SIGTERM during the start ends it', { timeout: 60_000 }, async () => {
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  const gateway = startGateway({ DATABASE_URL: url, SECRET_KEY, MAX_WORKERS: '2' });
  onTestFinished(async () => void (await gateway.stop('SIGKILL')));
  await eventually(() => childrenOf(gateway.child.pid as number).length > 0, 'a worker is starting');
  const workers = childrenOf(gateway.child.pid as number);
  const { code, stderr } = await gateway.stop();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(workers.filter(isRunning)).toEqual([]);
});

test('Ctrl-C during the start, which a terminal sends to all processes, ends it without a word', { timeout: 60_000 }, async () => {
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  const gateway = startGateway({ DATABASE_URL: url, SECRET_KEY, MAX_WORKERS: '2' });
  onTestFinished(async () => void (await gateway.stop('SIGKILL')));
  const workers = () => childrenOf(gateway.child.pid as number);
  await eventually(() => workers().length === 2, 'workers are starting');
  const all = workers();
  for (const pid of all) kill(pid, 'SIGINT');
  expect(await gateway.stop('SIGINT')).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(all.filter(isRunning)).toEqual([]);
});

const hasScript = spawnSync('script', ['--version']).status === 0;

test.skipIf(!hasScript)('a terminal that is closed ends it', { timeout: 60_000 }, async () => {
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  const { PATH } = process.env;
  const settings = { PATH, DATABASE_URL: url, SECRET_KEY, MAX_WORKERS: '2', PORT: '0' };
  const start = `exec '${process.execPath}' --disable-warning=ExperimentalWarning src/main.ts`;
  const terminal = spawn('script', ['--quiet', '--command', start, '/dev/null'], { env: settings });
  let screen = '';
  terminal.stdout.on('data', (chunk) => {
    screen += chunk;
  });
  await eventually(() => screen.includes('Ctrl-C stops it.'), 'it is ready');
  const [gateway = 0] = childrenOf(terminal.pid as number);
  const all = [gateway, ...childrenOf(gateway)];
  onTestFinished(() => {
    for (const pid of all) kill(pid, 'SIGKILL');
  });
  expect(all).toHaveLength(3);
  terminal.kill('SIGKILL');
  await eventually(() => !all.some(isRunning), 'all of it has ended');
});

test('workers whose primary is killed finish what they have begun, and the next start takes the port', { timeout: 60_000 }, async () => {
  const fleet = await aFleet();
  await readWebsitesAs(fleet.databaseUrl, `(select 'slow' from pg_sleep(2))`);
  const workers = fleet.workers();
  const slow = aClient(fleet.port).ask(SLOW);
  const stream = await aSubscription(fleet.url);
  await eventually(() => isSlow(fleet.databaseUrl), 'the slow one is under way');
  process.kill(fleet.child.pid as number, 'SIGKILL');
  const next = startGateway({ DATABASE_URL: fleet.databaseUrl, SECRET_KEY, MAX_WORKERS: '2', PORT: String(fleet.port) });
  onTestFinished(async () => void (await next.stop('SIGKILL')));
  expect(await slow).toMatchObject({ status: 200, headers: { connection: 'close' } });
  expect(await stream.ended).toMatch(/retry: \d{3,4}\n\n$/);
  await next.ready;
  expect((await aClient(fleet.port).ask(TRIVIAL)).status).toBe(200);
  await eventually(() => workers.every((pid) => !isRunning(pid)), 'the workers of the first have ended');
  expect((await next.stop('SIGINT')).code).toBe(0);
});
