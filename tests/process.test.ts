// The gateway as its operator meets it: a process with settings, sockets and signals.

import { rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import path from 'node:path';
import pg from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import { createDatabase, type DatabaseOptions, rowsOf, SEEDED_SCALE, withAdmin } from './support/database.ts';
import { SECRET_KEY, startGateway } from './support/gateway.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

/** A gateway on a database of its own; both end with the test. */
async function aProcess(settings: Record<string, string> = {}, options: DatabaseOptions = {}) {
  const database = await createDatabase(options);
  const gateway = startGateway({ DATABASE_URL: database.url, SECRET_KEY, ...settings });
  onTestFinished(async () => {
    await gateway.stop('SIGKILL');
    await database.drop();
  });
  return { ...gateway, databaseUrl: database.url };
}

const listens = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

const ask = (url: string, query: string, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ query }) });

/** What a start that must fail says and ends with. */
async function failure(settings: Record<string, string>) {
  const gateway = startGateway(settings);
  onTestFinished(async () => void (await gateway.stop('SIGKILL')));
  const { code, stderr } = await gateway.ended;
  expect(stderr).not.toMatch(/^ +at /m);
  return { code, stderr: stderr.trim() };
}

test.each(['SIGTERM', 'SIGINT'] as const)('one line says where it listens, and %s ends it with exit code 0', async (signal) => {
  const { ready, stop, databaseUrl } = await aProcess();
  const { url, origin } = await ready;
  expect((await fetch(`${origin}/health`)).status).toBe(200);
  expect(await (await ask(url, '{ __typename }')).json()).toMatchObject({ data: { __typename: 'Query' } });
  const { code, stdout, stderr } = await stop(signal);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  // Nobody sits before it: whoever collects logs gets JSON alone.
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.filter(({ msg }) => msg.includes(url))).toMatchObject([{ level: 30, health: `${origin}/health` }]);
  expect(stdout).not.toContain(`:${new URL(databaseUrl).password}@`);
});

test('a request that is under way finishes, and a new one is not accepted', async () => {
  const { ready, stop, databaseUrl } = await aProcess({}, { seedScale: SEEDED_SCALE });
  const { url } = await ready;
  const name = new URL(databaseUrl).pathname.slice(1);
  const locked = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const holding = (async () => {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query('begin; lock table spas in access exclusive mode');
    locked.resolve();
    await release.promise;
    await client.end();
  })();
  await locked.promise;
  const answer = ask(url, '{ spas(first: 1) { nodes { id } } }');
  await waitFor(
    async () =>
      (await rowsOf(inject('adminUrl'), `select 1 from pg_stat_activity where datname = $1 and wait_event_type = 'Lock'`, [name])).length >
      0,
  );
  const ending = stop();
  await waitFor(async () =>
    ask(url, '{ __typename }').then(
      () => false,
      () => true,
    ),
  );
  release.resolve();
  await holding;
  expect((await (await answer).json()).data.spas.nodes).toHaveLength(1);
  expect((await ending).code).toBe(0);
});

test('an open subscription does not hold the stop', async () => {
  const { ready, stop } = await aProcess();
  const { url } = await ready;
  const stream = await ask(url, 'subscription { certificateIssued { id } }', { accept: 'text/event-stream' });
  expect(stream.headers.get('content-type')).toContain('text/event-stream');
  const read = stream.text().catch(() => 'cut off');
  const since = performance.now();
  const { code, stderr } = await stop();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(performance.now() - since).toBeLessThan(5000);
  await read;
});

test('health is exact, and follows the database down and up again', async () => {
  const { ready, databaseUrl } = await aProcess();
  const { origin } = await ready;
  const status = async (file: string) => (await fetch(`${origin}${file}`)).status;
  for (const file of ['/foo/health', '/health/', '/', '/nothing', '/graphql/nothing']) expect(await status(file), file).toBe(404);
  expect(await status('/health')).toBe(200);
  const name = new URL(databaseUrl).pathname.slice(1);
  await withAdmin(inject('adminUrl'), async (admin) => {
    await admin.query(`alter database ${name} with allow_connections false`);
    await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
  });
  await waitFor(async () => (await status('/health')) === 503);
  await withAdmin(inject('adminUrl'), (admin) => admin.query(`alter database ${name} with allow_connections true`));
  await waitFor(async () => (await status('/health')) === 200);
});

test('only the pages of CORS_ORIGINS are let in', async () => {
  const { ready } = await aProcess({ CORS_ORIGINS: 'https://app.example, https://two.example' });
  const { url } = await ready;
  const allowed = async (origin: string) => (await ask(url, '{ __typename }', { origin })).headers.get('access-control-allow-origin');
  expect(await allowed('https://two.example')).toBe('https://two.example');
  // `null` is the origin of every sandboxed page.
  for (const origin of ['https://evil.example', 'https://app.example.evil.example', 'http://app.example', 'null'])
    expect(await allowed(origin), origin).toBeNull();
});

test('without CORS_ORIGINS no page of another origin is let in', async () => {
  const { ready } = await aProcess();
  const { headers } = await ask((await ready).url, '{ __typename }', { origin: 'https://app.example' });
  expect(headers.get('access-control-allow-origin')).toBeNull();
});

test('a port that is taken is named in one sentence', async () => {
  const { url, drop } = await createDatabase();
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  onTestFinished(async () => {
    other.close();
    await drop();
  });
  const port = String((other.address() as AddressInfo).port);
  const { code, stderr } = await failure({ PORT: port, DATABASE_URL: url, SECRET_KEY });
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `Port ${port} is taken: another program, or another Convoy, listens there. Set PORT to a free one.`,
  });
});

test('a database that does not answer is named in one sentence, without the password', async () => {
  const { code, stderr } = await failure({ DATABASE_URL: 'postgresql://me:hidden@127.0.0.1:1/none', SECRET_KEY });
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'The database at 127.0.0.1:1 does not answer (ECONNREFUSED). Start it, or check DATABASE_URL.',
  });
});

test('bad settings are named all at once, and their values are not repeated', async () => {
  const { code, stderr } = await failure({ PORT: 'abc', SECRET_KEY: 'tooshort', REDIS_ENABLED: 'perhaps', LOG_LEVEL: 'loud' });
  expect(code).toBe(1);
  for (const name of ['PORT', 'SECRET_KEY', 'REDIS_ENABLED', 'LOG_LEVEL']) expect(stderr).toContain(`  ${name}: `);
  for (const value of ['abc', 'tooshort', 'perhaps', 'loud']) expect(stderr).not.toContain(value);
});

test('a DATABASE_URL without a SECRET_KEY does not start', async () => {
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  const { code, stderr } = await failure({ DATABASE_URL: url });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^Set SECRET_KEY, which signs the tokens: .*$/);
});

test('a database that lacks migrations does not start, and the sentence names the command', async () => {
  const { url, drop } = await createDatabase({ isMigrated: false });
  onTestFinished(drop);
  const { code, stderr } = await failure({ DATABASE_URL: url, SECRET_KEY, MIGRATE_ON_START: 'false' });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^The database lacks .*npm run db:migrate.*$/);
});

test('a Redis that does not answer is named in one sentence', async () => {
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  const { code, stderr } = await failure({ DATABASE_URL: url, SECRET_KEY, REDIS_ENABLED: 'true', REDIS_URL: 'redis://127.0.0.1:1' });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^Redis does not answer \(.*\)\. Start it, check REDIS_URL, or set REDIS_ENABLED=false\.$/);
});

test('the embedded database starts with the gateway, quickly the second time, and stops with it', async () => {
  const dir = path.join(ROOT, `.convoy/embedded-test-gateway-${process.pid}`);
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const isFirst of [true, false]) {
    const since = performance.now();
    const gateway = startGateway({ DATABASE_DIR: dir, SEED_SCALE: '0.01' });
    onTestFinished(async () => void (await gateway.stop('SIGKILL')));
    const { origin } = await gateway.ready;
    const seconds = (performance.now() - since) / 1000;
    if (!isFirst) {
      console.log(`The second start took ${seconds.toFixed(2)} s.`);
      expect(seconds).toBeLessThan(8);
    }
    expect((await fetch(`${origin}/health`)).status).toBe(200);
    const port = Number(/@127\.0\.0\.1:(\d+)/.exec(gateway.output())?.[1]);
    expect(await listens(port)).toBe(true);
    expect((await gateway.stop('SIGINT')).code).toBe(0);
    expect(await listens(port)).toBe(false);
  }
}, 60_000);

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 15_000; !(await condition()); ) {
    if (Date.now() > deadline) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
