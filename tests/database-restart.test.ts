// A database that stops, is killed, or loses a process under load costs errors for as long as it is away, and nothing else.

import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { openPostgresServer } from '../harness/postgres-server.ts';
import { demoId } from '../prisma/seed/demo.ts';
import { createLog } from '../src/log.ts';
import { databaseError } from '../src/resources/database-errors.ts';
import { openPostgres } from '../src/resources/postgres.ts';
import { createTokens } from '../src/tokens.ts';
import { range, until } from './support/batching.ts';
import { rowsOf } from './support/database.ts';
import { SECRET_KEY, startGateway } from './support/gateway.ts';

type Seen = { client: number; askedAt: number; endedAt: number; status: number; code: string | undefined; retryAfter: string | null };

const DEADLINE_MS = 5000;
const SAVE = 'mutation ($input: SaveSpaInput!) { saveSpa(input: $input) { spa { id } } }';
/** Nobody asks the database for it. */
const ALWAYS = '{ __typename }';
const KEPT = '{ spas(first: 4) { nodes { name } } }';

/** 20 clients who ask every 20 ms: most read, four write, two ask for what needs no database. */
function loadOn(url: string, token: string) {
  const seen: Seen[] = [];
  const acknowledged: string[] = [];
  let isOver = false;
  const ask = async (client: number, n: number) => {
    const name = `Written ${client} ${n}`;
    const body =
      client < 4
        ? { query: SAVE, variables: { input: { name } } }
        : {
            query:
              client < 6 ? ALWAYS : `{ spas(first: ${1 + (client % 4)}) { nodes { id name hiringForms(first: 1) { nodes { id } } } } }`,
          };
    const askedAt = performance.now();
    const response = await fetch(url, {
      method: 'POST',
      // Half of the readers are visitors, whose answers are kept.
      headers: { 'content-type': 'application/json', ...(client % 2 === 0 || client < 4 ? { authorization: `Bearer ${token}` } : {}) },
      body: JSON.stringify(body),
    });
    const { errors, data } = await response.json();
    const endedAt = performance.now();
    const code = errors?.[0]?.extensions.code;
    // The other says that it was applied, and that its result could not be read any more.
    if (client < 4 && (data?.saveSpa || code === 'RESULT_UNAVAILABLE')) acknowledged.push(name);
    seen.push({
      client,
      askedAt,
      endedAt,
      status: response.status,
      code,
      retryAfter: response.headers.get('retry-after'),
    });
  };
  const clients = range(0, 20).map(async (client) => {
    for (let n = 0; !isOver; n++) {
      await ask(client, n);
      await wait(20);
    }
  });
  return {
    seen,
    acknowledged,
    end: async () => {
      isOver = true;
      await Promise.all(clients);
    },
  };
}

let postgres: Awaited<ReturnType<typeof openPostgresServer>>;
beforeAll(async () => {
  postgres = await openPostgresServer();
}, 60_000);
afterAll(() => postgres?.close(), 60_000);

const FAILURES: Record<string, () => Promise<void>> = {
  'is stopped and started': async () => {
    await postgres.stop();
    await wait(500);
    await postgres.start();
  },
  'is killed and started': async () => {
    await postgres.killFirst();
    await wait(500);
    await postgres.start();
  },
  'crashes and recovers': async () => {
    const [row] = await rowsOf<{ pid: number }>(
      postgres.url,
      `select pid from pg_stat_activity where application_name like 'convoy %/%' limit 1`,
    );
    // The server ends all others, and recovers by itself.
    process.kill(row?.pid ?? 0, 'SIGKILL');
    await wait(100);
  },
};

const ask = (url: string, query: string) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query }) });
const isThere = () =>
  rowsOf(postgres.url, 'select 1').then(
    () => true,
    () => false,
  );

test.each(Object.entries(FAILURES))(
  'a database that %s costs errors while it is away, repeats no write and loses no acknowledged one',
  async (_, fail) => {
    // What a failed case has left is not this one's.
    await rowsOf(postgres.url, `delete from spas where name like 'Written %'`);
    const gateway = startGateway({ DATABASE_URL: postgres.url, SECRET_KEY, MAX_WORKERS: '1', REQUEST_DEADLINE_MS: String(DEADLINE_MS) });
    onTestFinished(async () => void (await gateway.stop('SIGKILL')));
    const { url } = await gateway.ready;
    const { token } = await createTokens({ secretKeys: [SECRET_KEY], ttlSeconds: 600 }).sign(demoId('ADMIN'));
    const isKept = async () => (await ask(url, KEPT)).headers.get('x-cache') === 'hit';
    await until(isKept, 'visitors share answers');
    const load = loadOn(url, token);
    await until(() => load.seen.length > 100, 'there is load');
    const goneAt = performance.now();
    await fail();
    await until(isThere, 'the server takes connections');
    const backAt = performance.now();
    const isAfter = ({ askedAt }: Seen) => askedAt > backAt + 1000;
    await until(() => load.seen.filter(isAfter).length > 100, 'they are answered again');
    await load.end();

    const { seen, acknowledged } = load;
    const failed = seen.filter(({ code }) => code !== undefined);
    expect(failed.filter(({ endedAt }) => endedAt < goneAt)).toEqual([]);
    expect(failed.length).toBeGreaterThan(0);
    for (const { client, status, code, retryAfter: told } of failed) {
      // A write that was under way may have been applied: its client is not asked to send it again.
      const retryAfter = client < 4 && code === 'DATABASE_UNAVAILABLE' ? (told ?? '1') : told;
      const isApplied = client < 4 && code === 'RESULT_UNAVAILABLE';
      expect([status, code, retryAfter]).toEqual(isApplied ? [200, code, null] : [200, 'DATABASE_UNAVAILABLE', '1']);
    }
    expect(failed.filter(({ client }) => client === 4 || client === 5)).toEqual([]);
    expect(seen.filter(isAfter).filter(({ code }) => code !== undefined)).toEqual([]);
    expect(Math.max(...seen.map(({ askedAt, endedAt }) => endedAt - askedAt))).toBeLessThan(DEADLINE_MS);
    await until(isKept, 'visitors share answers again');

    const written = await rowsOf<{ name: string }>(postgres.url, `delete from spas where name like 'Written %' returning name`);
    const names = new Set(written.map(({ name }) => name));
    expect(names.size).toBe(written.length);
    expect(acknowledged.length).toBeGreaterThan(10);
    expect(acknowledged.filter((name) => !names.has(name))).toEqual([]);
    expect(gateway.output()).not.toMatch(/"level":(50|60)|secretKey/);
  },
  30_000,
);

test('a statement under which the server crashes is not run again', async () => {
  const { database, pool, close } = await openPostgres(`${postgres.url}?connection_limit=1`, createLog({ level: 'silent' }));
  onTestFinished(close);
  const { signal } = new AbortController();
  const [row] = await database.query<{ pid: number }>('select pg_backend_pid() as pid', [], signal);
  const start = performance.now();
  const crashing = database.query('select pg_sleep(3)', [], signal).catch(databaseError);
  const isAsleep = `select 1 from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'`;
  await until(async () => (await rowsOf(postgres.url, isAsleep, [row?.pid])).length > 0, 'the statement is under way');
  process.kill(row?.pid ?? 0, 'SIGKILL');
  expect(await crashing).toMatchObject({ extensions: { code: 'DATABASE_UNAVAILABLE' } });
  expect(performance.now() - start).toBeLessThan(2500);
  await until(isThere, 'the server has recovered');
  expect(await database.query('select 1 as one', [], signal)).toEqual([{ one: 1 }]);
  expect([pool.totalCount, pool.idleCount]).toEqual([1, 1]);
});
