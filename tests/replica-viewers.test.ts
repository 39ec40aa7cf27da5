// Who asks, and what they may do, while their requests are read from a replica.

import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { demoId } from '../prisma/seed/demo.ts';
import type { BatcherOptions } from '../src/batching/batcher.ts';
import { encodeId } from '../src/graphql/ids.ts';
import { lockTable, range, until } from './support/batching.ts';
import { aReplicatedApp, withReplicaServers } from './support/replicated-app.ts';
import { watchStatements } from './support/statements.ts';

const servers = withReplicaServers({ replicas: [[]] });
const replica = () => servers().replicas[0] as ReturnType<typeof servers>['primary'];
const ME = '{ viewer { username role } hiringForms(first: 1) { nodes { forRole } } }';

async function anApp(batching: BatcherOptions = {}) {
  const app = await aReplicatedApp(servers(), { maxLagMs: 60_000, batching });
  await app.untilIn(0);
  return app;
}

/** How many statements that read users by their ids `work` sends to the primary and to the replica. */
async function usersReadDuring(work: () => Promise<unknown>): Promise<number[]> {
  const [atPrimary, atReplica] = [watchStatements(servers().primary.url), watchStatements(replica().url)];
  let toPrimary: string[] = [];
  const toReplica = await atReplica.during(async () => {
    toPrimary = await atPrimary.during(work);
  });
  for (const { stop } of [atPrimary, atReplica]) stop();
  return [toPrimary, toReplica].map((texts) => texts.filter((text) => text.includes('from "users" where')).length);
}

/** Keeps the replica from hearing of anything, until the test ends. */
async function hold(): Promise<void> {
  await replica().rows('select pg_wal_replay_pause()');
  onTestFinished(async () => void (await replica().rows('select pg_wal_replay_resume()')));
}

test('whoever is deactivated or loses a role is told so at once, also where the replica has not heard of it', async () => {
  const { primary } = servers();
  const app = await anApp();
  await hold();
  const before = await app.ask(ME, {}, { as: 'HR' });
  expect(before.data.viewer.role).toBe('HR');
  const users = () => app.ask('{ users(first: 1) { nodes { id } } }', {}, { as: 'ADMIN' });
  expect((await users()).errors).toBeUndefined();
  await primary.rows('update users set is_active = false where id = $1', [demoId('HR')]);
  await primary.rows(`update users set role = 'USER' where id = $1`, [demoId('ADMIN')]);
  await primary.rows(`update hiring_forms set for_role = 'of now'`);
  onTestFinished(async () => {
    await primary.rows('update users set is_active = true where id = $1', [demoId('HR')]);
    await primary.rows(`update users set role = 'ADMIN' where id = $1`, [demoId('ADMIN')]);
  });
  // All else is read from the replica, as it was.
  expect((await app.ask(ME, {}, { as: 'HR' })).data).toEqual({ ...before.data, viewer: null });
  expect((await users()).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
});

test('who they are is one statement to the primary for many viewers, none for visitors, and none more where they are shown', async () => {
  const app = await anApp();
  expect(await usersReadDuring(() => app.ask(ME))).toEqual([0, 0]);
  expect(await usersReadDuring(() => app.ask(ME, {}, { as: 'USER' }))).toEqual([1, 0]);
  const ask = (i: number) => app.ask(ME, {}, { as: (['USER', 'HR', 'SPA_MANAGER'] as const)[i % 3] ?? 'USER' });
  // Two are under way, what comes meanwhile travels together.
  const lock = await lockTable(servers().primary.url, 'users');
  const sent = await usersReadDuring(async () => {
    const asked = range(0, 30).map(ask);
    await lock.untilBlocked(2);
    await wait(200);
    await lock.release();
    for (const { data } of await Promise.all(asked)) expect(data.viewer.username).toBeTypeOf('string');
  });
  expect(sent).toEqual([3, 0]);
});

test('where requests share nothing, who asks is read from the primary all the same, and other users from the replica', async () => {
  const app = await anApp({ isShared: false });
  const query = `query ($id: ID!) { node(id: $id) { id ... on User { email } } }`;
  const ask = () => app.ask(query, { id: encodeId('User', demoId('USER')) }, { as: 'SUPER_ADMIN' });
  await ask();
  const sent = await usersReadDuring(ask);
  expect(sent).toEqual([1, 1]);
});

test('while the primary is dead or silent, who they are is read from the replica', async () => {
  const { primary } = servers();
  const app = await anApp();
  const me = async () => {
    const startedAt = performance.now();
    const { data, errors } = await app.ask(ME, {}, { as: 'USER' });
    expect([errors, data?.viewer?.role]).toEqual([undefined, 'USER']);
    return performance.now() - startedAt;
  };
  await me();
  await primary.freeze();
  onTestFinished(() => primary.wake());
  expect(Math.max(...(await Promise.all(range(0, 10).map(me))))).toBeLessThan(2500);
  await wait(1000);
  // It is known by now, and nobody waits.
  expect(await me()).toBeLessThan(700);
  await primary.wake();
  await until(() => app.replicas.isPrimaryThere(), 'the primary is there');
  await primary.kill();
  await Promise.all(range(0, 10).map(me));
  await primary.start();
  await until(() => app.replicas.isPrimaryThere(), 'the primary is there again');
  await primary.rows('update users set is_active = false where id = $1', [demoId('USER')]);
  expect((await app.ask(ME, {}, { as: 'USER' })).data.viewer).toBeNull();
});
