// What happens to replicas, and what viewers notice of it: nothing.

import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { PostgresProcess } from '../harness/postgres-process.ts';
import { untilReplayed } from '../harness/replica-servers.ts';
import { range, until } from './support/batching.ts';
import { SECRET_KEY, startGateway } from './support/gateway.ts';
import { aReplicatedApp, cookieOf, opening, ROLE, withReplicaServers } from './support/replicated-app.ts';

const servers = withReplicaServers({ replicas: [['max_standby_streaming_delay=0'], [], []] });
const [FIRST, SECOND, LAST] = [0, 1, 2];
const replicaOf = (i: number) => {
  const replica = servers().replicas[i];
  if (!replica) throw new Error(`There is no replica ${i}.`);
  return replica;
};
const only = async (i: number, options: Parameters<typeof aReplicatedApp>[1] = {}) => {
  const app = await aReplicatedApp(servers(), { urls: [replicaOf(i).url], ...options });
  await app.untilIn(0);
  return app;
};
const PAGE = 'query ($first: Int!) { hiringForms(first: $first) { nodes { forRole spa { name } } } }';

/** Reads and writes until it is stopped; every answer must be right. */
function aLoad({ ask, write, read }: Awaited<ReturnType<typeof aReplicatedApp>>) {
  let isOver = false;
  const wrong: unknown[] = [];
  let count = 0;
  const readers = range(0, 12).map(async (i) => {
    for (let round = 0; !isOver; round++) {
      const { status, errors, data } = await ask(PAGE, { first: 1 + ((i + round) % 20) });
      if (status !== 200 || errors || !data.hiringForms.nodes[0].spa) wrong.push(errors?.map(({ message }) => message) ?? status);
      count++;
    }
  });
  const writers = range(5, 4).map(async (id) => {
    for (let round = 0; !isOver; round++) {
      const answer = await write(id, `round ${round}`);
      if (answer.errors) wrong.push(answer.errors.map(({ message }) => message));
      const seen = await read(id, cookieOf(answer));
      if (seen !== `round ${round}`) wrong.push(seen);
    }
  });
  return {
    count: () => count,
    stop: async () => {
      isOver = true;
      await Promise.all([...readers, ...writers]);
      return wrong;
    },
  };
}

const connectionsTo = (i: number) =>
  replicaOf(i).rows<{ count: number }>(`select count(*)::int4 as count from pg_stat_activity where application_name = 'convoy'`);

test('a replica that is killed under load is left out without an error, holds no connections, and comes back by itself', async () => {
  const app = await aReplicatedApp(servers(), { urls: [replicaOf(FIRST).url, replicaOf(SECOND).url], maxLagMs: 30_000 });
  await Promise.all([app.untilIn(0), app.untilIn(1)]);
  const load = aLoad(app);
  await until(() => load.count() > 50, 'the load runs');
  // So that some statements are under way when it dies.
  await replicaOf(FIRST).freeze();
  await until(() => (app.replicas.all[0]?.underWay ?? 0) > 0, 'statements wait for it');
  await replicaOf(FIRST).kill();
  await app.untilIn(0, false);
  const before = load.count();
  await until(() => load.count() > before + 50, 'the load goes on');
  expect(app.replicas.all[0]?.pool.totalCount).toBe(0);
  expect(app.isIn(1)).toBe(true);
  await replicaOf(FIRST).start();
  await app.untilIn(0);
  await until(() => (app.replicas.all[0]?.pool.totalCount ?? 0) > 0, 'it is read again');
  expect(await load.stop()).toEqual([]);
  expect(app.changesOf(`127.0.0.1:${replicaOf(FIRST).port}`)).toMatch(/^in( out in)+$/);
  expect(JSON.stringify(app.logged)).not.toContain(new URL(replicaOf(FIRST).url).password);
  expect((await connectionsTo(FIRST))[0]?.count).toBeLessThanOrEqual(6);
});

test('one that says nothing any more is left out within two seconds, and what waits for it is read elsewhere', async () => {
  const app = await only(SECOND);
  await app.ask(PAGE, { first: 1 });
  await replicaOf(SECOND).freeze();
  onTestFinished(() => replicaOf(SECOND).wake());
  const startedAt = performance.now();
  const answers = await Promise.all(range(1, 10).map((first) => app.ask(PAGE, { first })));
  expect(performance.now() - startedAt).toBeLessThan(2500);
  expect(answers.map(({ status, data }) => [status, data.hiringForms.nodes.length])).toEqual(range(1, 10).map((first) => [200, first]));
  expect(app.isIn(0)).toBe(false);
  await until(() => app.replicas.all[0]?.pool.totalCount === 0, 'its connections are given back');
  await replicaOf(SECOND).wake();
  await app.untilIn(0);
});

test('one whose replay is paused is left out when it lags too far, also while nobody else writes, and comes back', async () => {
  const app = await only(SECOND, { maxLagMs: 500 });
  await app.write(20, 'before');
  await untilReplayed(servers().primary, replicaOf(SECOND));
  await replicaOf(SECOND).rows('select pg_wal_replay_pause()');
  onTestFinished(() =>
    replicaOf(SECOND)
      .rows('select pg_wal_replay_resume()')
      .then(() => undefined),
  );
  // Nothing is written: what it shows is not old, however long that lasts.
  await wait(1000);
  expect(app.isIn(0)).toBe(true);
  const answer = await app.write(20, 'after');
  expect(await app.read(20)).toBe('before');
  expect(await app.read(20, cookieOf(answer))).toBe('after');
  const writtenAt = performance.now();
  await app.untilIn(0, false);
  expect(performance.now() - writtenAt).toBeLessThan(1000);
  expect(await app.read(20)).toBe('after');
  await until(() => (app.replicas.states()[0]?.lagMs ?? 0) > 1000, 'the lag is told');
  await replicaOf(SECOND).rows('select pg_wal_replay_resume()');
  await app.untilIn(0);
  expect(app.changesOf(`127.0.0.1:${replicaOf(SECOND).port}`)).toMatch(/^in( out in)+$/);
  expect(app.replicas.states()[0]).toMatchObject({ name: `127.0.0.1:${replicaOf(SECOND).port}`, isIn: true });
});

test('a statement that is in the way of what is to be replayed is run again on the primary', async () => {
  const { primary } = servers();
  const app = await only(FIRST);
  // A view, so that a read of the table takes its time.
  await primary.rows('create table torn as select * from generate_series(1, 1000) id');
  await primary.rows(`create function torn_role(role text) returns text stable language plpgsql as
    'begin perform count(*) from torn; perform pg_sleep(0.7); return role; end'`);
  await primary.rows('alter table hiring_forms rename to all_forms');
  await primary.rows(`create view hiring_forms as select id, spa_id, torn_role(for_role) as for_role, staff_required, description,
    required_experience, required_education, required_skills, posted_by_id, created_at, updated_at from all_forms where id = 1`);
  await untilReplayed(primary, replicaOf(FIRST));
  const reading = app.ask(ROLE, { id: opening(1) });
  await wait(300);
  await primary.rows('alter table torn add column more int');
  const { status, data, errors } = await reading;
  expect([status, errors, typeof data.node.forRole]).toEqual([200, undefined, 'string']);
  expect(app.replicas.states()[0]).toMatchObject({ fallbacks: 1, isIn: true });
  await primary.rows('drop view hiring_forms');
  await primary.rows('alter table all_forms rename to hiring_forms');
  await untilReplayed(primary, replicaOf(FIRST));
});

test('a statement that takes too long is not run a second time, and one that nobody waits for is cancelled', async () => {
  const { primary } = servers();
  await primary.rows(`create function slow_name() returns text stable language plpgsql as 'begin perform pg_sleep(30); return 1; end'`);
  await primary.rows('alter table spas rename to all_spas');
  const columns = await primary.rows<{ name: string }>(
    `select attname as name from pg_attribute where attrelid = 'all_spas'::regclass and attnum > 0 and not attisdropped order by attnum`,
  );
  await primary.rows(
    `create view spas as select ${columns.map(({ name }) => (name === 'website' ? 'slow_name() as website' : name))} from all_spas`,
  );
  await untilReplayed(primary, replicaOf(SECOND));
  onTestFinished(async () => {
    await primary.rows('drop view spas');
    await primary.rows('alter table all_spas rename to spas');
    await untilReplayed(primary, replicaOf(SECOND));
  });
  const app = await only(SECOND, { statementTimeoutMs: 1000 });
  const slow = '{ spas(first: 1) { nodes { website } } }';
  const startedAt = performance.now();
  let answer = {} as Awaited<ReturnType<typeof app.ask>>;
  const [onPrimary] = await app.sentDuring(async () => {
    answer = await app.ask(slow);
  });
  expect([answer.errors?.[0]?.extensions.code, onPrimary]).toEqual(['DATABASE_TIMEOUT', 0]);
  expect(performance.now() - startedAt).toBeLessThan(1900);
  expect(app.isIn(0)).toBe(true);

  const patient = await only(SECOND);
  const controller = new AbortController();
  const running = `select 1 from pg_stat_activity where application_name = 'convoy' and wait_event = 'PgSleep'`;
  const left = patient.ask(slow, {}, { signal: controller.signal }).catch((error) => error.name);
  await until(async () => (await replicaOf(SECOND).rows(running)).length === 1, 'the statement runs on the replica');
  controller.abort();
  const abortedAt = performance.now();
  expect(await left).toBe('AbortError');
  await until(async () => (await replicaOf(SECOND).rows(running)).length === 0, 'the statement was cancelled');
  expect(performance.now() - abortedAt).toBeLessThan(3000);
  expect(await primary.rows(running)).toEqual([]);
});

test('a gateway starts while its replica is dead, and reads it when it is there', async () => {
  await replicaOf(LAST).stop();
  const app = await aReplicatedApp(servers(), { urls: [replicaOf(LAST).url] });
  expect((await app.ask(PAGE, { first: 2 })).status).toBe(200);
  expect(app.logged.filter(({ level }) => level === 40)).toMatchObject([
    { msg: 'a replica is not read', reason: 'it does not answer (ECONNREFUSED)' },
  ]);
  expect((await fetch(new URL('/health', app.url))).status).toBe(200);
  await replicaOf(LAST).start();
  await app.untilIn(0);
  expect((await app.sentDuring(() => app.ask(PAGE, { first: 2 })))[0]).toBe(0);
});

test('the process reads from replicas, outlives them, and ends when it is told to', async () => {
  const { primary } = servers();
  const dead = new URL(replicaOf(LAST).url);
  dead.port = '1';
  const gateway = startGateway({
    DATABASE_URL: primary.url,
    DATABASE_REPLICA_URLS: `${replicaOf(SECOND).url}, ${dead}`,
    SECRET_KEY,
    RESPONSE_CACHE: 'false',
  });
  onTestFinished(async () => void (await gateway.stop('SIGKILL')));
  const { url } = await gateway.ready;
  const post = async (query: string, headers = {}) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    });
    return { ...response, headers: response.headers, ...((await response.json()) as { data: Record<string, never>; errors?: unknown }) };
  };
  const readHere = async (server: PostgresProcess) =>
    (await server.rows(`select 1 from pg_stat_activity where application_name like 'convoy %/%' and query like '%from "spas"%'`)).length >
    0;
  for (const _ of range(0, 20)) expect((await post('{ spas(first: 2) { nodes { name } } }')).errors).toBeUndefined();
  const signedIn = await post(`mutation { signIn(input: { usernameOrEmail: "user", password: "convoy-demo" }) { token } }`);
  expect(signedIn.headers.getSetCookie()[0]).toMatch(/^convoy_lsn=\S+; Path=\/; Max-Age=300; HttpOnly; SameSite=Lax$/);
  expect([await readHere(primary), await readHere(replicaOf(SECOND))]).toEqual([false, true]);

  await replicaOf(SECOND).kill();
  for (const _ of range(0, 20)) expect((await post('{ spas(first: 2) { nodes { name } } }')).errors).toBeUndefined();
  await replicaOf(SECOND).start();
  await until(() => gateway.output().split('a replica is read').length === 3, 'it is read again');
  const { code, stderr, stdout } = await gateway.stop('SIGINT');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).not.toContain(dead.password);
});

test('a server that is no replica, or was promoted, is not read', async () => {
  const { primary } = servers();
  const itself = await aReplicatedApp(servers(), { urls: [primary.url] });
  expect(itself.logged.find(({ replica }) => replica)?.reason).toBe('it is no replica, or has been promoted');
  const app = await only(LAST);
  expect(await app.read(30)).not.toBe('of another time');
  await replicaOf(LAST).rows('select pg_promote()');
  await replicaOf(LAST).rows(`update hiring_forms set for_role = 'of another time'`);
  await app.untilIn(0, false);
  expect(await app.read(30)).not.toBe('of another time');
  expect(app.changesOf(`127.0.0.1:${replicaOf(LAST).port}`)).toMatch(/^in( out in)* out$/);
});
