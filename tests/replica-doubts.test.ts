// Servers that are not what they were, or not what they seem: what they answer must not be believed.

import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { untilReplayed } from '../harness/replica-servers.ts';
import { createLog } from '../src/log.ts';
import { IDENTITY, type PrimaryWatch } from '../src/resources/primary-watch.ts';
import { createReplicaWatch } from '../src/resources/replica-watch.ts';
import { anAddress } from './support/address.ts';
import { until } from './support/batching.ts';
import { aReplicatedApp, cookieOf, withReplicaServers } from './support/replicated-app.ts';

const servers = withReplicaServers({ replicas: [[], ['recovery_min_apply_delay=2s']] });

test('a replica that comes back behind what it has shown is not read before it is there again', async () => {
  const { primary, replicas } = servers();
  const [quick, late] = replicas as [(typeof replicas)[0], (typeof replicas)[0]];
  const { address, turnTo } = await anAddress(quick.url, quick.port);
  const app = await aReplicatedApp(servers(), { urls: [address], maxLagMs: 60_000 });
  await app.untilIn(0);
  const answer = await app.write(1, 'seen');
  await untilReplayed(primary, quick);
  await until(async () => (await app.sentDuring(() => app.read(1, cookieOf(answer))))[0] === 0, 'the viewer reads the replica');
  const { epoch } = app.replicas.all[0] ?? {};
  // A minute of lag would be borne.
  turnTo(late.port);
  await app.untilIn(0, false);
  expect(app.replicas.all[0]?.epoch).toBeGreaterThan(epoch ?? 0);
  for (let round = 0; !app.isIn(0); round++) {
    expect([round, await app.read(1)]).toEqual([round, 'seen']);
    expect([round, await app.read(1, cookieOf(answer))]).toEqual([round, 'seen']);
  }
  expect(await late.rows('select for_role from hiring_forms where id = 1')).toEqual([{ for_role: 'seen' }]);
});

/** When the primary was asked, as these tests say: after the replica. */
const AT = performance.now() + 60_000;
const STRANGE = "it is of another cluster, database or schema than the primary's";
const AHEAD = 'it has replayed what the primary has not written';

/** A primary that says what a test makes it say; first, that it has written more than any replica has. */
async function aStatedPrimary() {
  const [row] = await servers().primary.rows<{ id: string }>(`select ${IDENTITY} as id from pg_control_system()`);
  return { identity: row?.id, latest: { lsn: 2n ** 63n, at: AT }, since: AT, momentOf: () => AT, ask: async () => undefined };
}

/** A watch over one server, its `ask` five times, and why it was not read. */
function aWatch(connectionString: string | undefined, primary: PrimaryWatch) {
  const reasons: string[] = [];
  const watch = createReplicaWatch({
    name: 'it',
    client: { connectionString },
    primary,
    maxLagMs: 1000,
    onLeave: () => undefined,
    log: createLog({ level: 'warn', destination: { write: (line: string) => void reasons.push(JSON.parse(line).reason) } }),
  });
  onTestFinished(watch.close);
  const isInAfterFive = async () => {
    for (let i = 0; i < 5; i++) await watch.ask();
    return watch.isIn;
  };
  return { isInAfterFive, reasons };
}

test.each([
  ['is of another cluster', { identity: '1' }, STRANGE],
  ['has replayed what the primary has not written', { latest: { lsn: 1n, at: AT } }, AHEAD],
  ['stands for a primary that is silent', { latest: undefined, since: undefined }, 'the primary has not said how far it is'],
])('one that %s is not read', async (_what, stated, reason) => {
  const url = servers().replicas[0]?.url;
  const upToDate = await aStatedPrimary();
  const [believed, doubted] = [aWatch(url, upToDate), aWatch(url, { ...upToDate, ...stated })];
  expect([await believed.isInAfterFive(), await doubted.isInAfterFive()]).toEqual([true, false]);
  expect([believed.reasons, doubted.reasons]).toEqual([[], [reason]]);
});

test('one that was ahead of a new primary is not read before it has moved, also when the primary is ahead again', async () => {
  const { primary, replicas } = servers();
  const [quick, late] = replicas as [(typeof replicas)[0], (typeof replicas)[0]];
  await late.rows('select pg_wal_replay_pause()');
  onTestFinished(async () => void (await late.rows('select pg_wal_replay_resume()')));
  await primary.rows(`select pg_logical_emit_message(true, 'convoy', 'further')`);
  await untilReplayed(primary, quick);
  const { address, turnTo } = await anAddress(quick.url, quick.port);
  const stated: { latest: { lsn: bigint; at: number } } & PrimaryWatch = await aStatedPrimary();
  const { isInAfterFive, reasons } = aWatch(address, stated);
  expect(await isInAfterFive()).toBe(true);
  stated.latest = { lsn: 1n, at: AT };
  expect(await isInAfterFive()).toBe(false);
  stated.latest = { lsn: 2n ** 63n, at: AT };
  expect(await isInAfterFive()).toBe(false);
  expect(reasons).toEqual([AHEAD]);
  // As one that was rewound. What it has shown beyond is not waited for: the primary never had it.
  turnTo(late.port);
  await until(isInAfterFive, 'it is read');
});

test.each([
  ['database', (url: string) => Object.assign(new URL(url), { pathname: '/postgres' }).toString()],
  ['schema', (url: string) => `${url}?schema=pg_catalog`],
])('a URL of the right server that names another %s is not read', async (_what, change) => {
  const app = await aReplicatedApp(servers(), { urls: [change(servers().replicas[0]?.url ?? '')] });
  await wait(500);
  expect([app.isIn(0), app.logged.filter(({ level }) => level === 40).map(({ reason }) => reason)]).toEqual([false, [STRANGE]]);
  expect((await app.sentDuring(() => app.read(1))).slice(1)).toEqual([0, 0]);
});

test('a user that may read some tables only is enough to follow the replica; the primary answers the rest', async () => {
  const { primary, replicas } = servers();
  const quick = replicas[0] as (typeof replicas)[0];
  await primary.rows(`create role reader login password 'reader'`);
  await primary.rows('grant select on users to reader');
  await untilReplayed(primary, quick);
  const app = await aReplicatedApp(servers(), {
    urls: [Object.assign(new URL(quick.url), { username: 'reader', password: 'reader' }).toString()],
  });
  await app.untilIn(0);
  expect(await app.read(1)).toBeTypeOf('string');
  expect(app.replicas.states()).toMatchObject([{ isIn: true, fallbacks: 1 }]);
});

test('a server that gives unused connections back sooner than the pool does is read on', async () => {
  const { replicas } = servers();
  const app = await aReplicatedApp(servers(), { urls: [`${replicas[0]?.url}?options=-c%20idle_session_timeout%3D200ms`] });
  await app.untilIn(0);
  await app.read(1);
  expect(app.replicas.all[0]?.pool.totalCount).toBeGreaterThan(0);
  await until(() => app.replicas.all[0]?.pool.totalCount === 0, 'the server has closed its connections');
  expect([app.isIn(0), app.changesOf(`127.0.0.1:${replicas[0]?.port}`)]).toEqual([true, 'in']);
  expect((await app.sentDuring(() => app.read(1)))[0]).toBe(0);
});

test('a replica that was closed asks no more, and keeps no connection', async () => {
  const { replicas } = servers();
  const app = await aReplicatedApp(servers(), { urls: [replicas[0]?.url ?? ''] });
  await app.untilIn(0);
  await app.read(1);
  const client = new pg.Client({ connectionString: replicas[0]?.url, application_name: 'convoy tests' });
  await client.connect();
  onTestFinished(() => client.end());
  const connections = async () => (await client.query(`select 1 from pg_stat_activity where application_name = 'convoy'`)).rowCount;
  expect(await connections()).toBeGreaterThan(1);
  await app.closeReplicas();
  await until(async () => (await connections()) === 0, 'the connections are gone');
  await wait(300);
  expect(await connections()).toBe(0);
  expect(app.isIn(0)).toBe(false);
  expect(await app.read(1)).toBe('seen');
});
