// Servers that are not what they were, or not what they seem: what they answer must not be believed.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { createLog } from '../src/log.ts';
import type { PrimaryWatch } from '../src/resources/primary-watch.ts';
import { createReplicaWatch } from '../src/resources/replica-watch.ts';
import { until } from './support/batching.ts';
import { untilReplayed } from './support/replica-servers.ts';
import { aReplicatedApp, cookieOf, withReplicaServers } from './support/replicated-app.ts';

const servers = withReplicaServers({ replicas: [[], ['recovery_min_apply_delay=2s']] });

/** An address behind which one server stands, and then another one. */
async function anAddress(url: string, firstPort: number) {
  let target = firstPort;
  const sockets = new Set<Socket>();
  const proxy = createServer((socket) => {
    const other = connect(target, '127.0.0.1');
    for (const one of [socket, other]) {
      sockets.add(one);
      one.on('error', () => undefined).on('close', () => sockets.delete(one));
    }
    socket.pipe(other).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(() => {
    cut();
    proxy.close();
  });
  const address = Object.assign(new URL(url), { port: String((proxy.address() as AddressInfo).port) }).toString();
  const turnTo = (port: number) => {
    target = port;
    cut();
  };
  return { address, turnTo };
}

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

test.each([
  ['is of another cluster', { systemId: '1' }, "it is of another cluster than the primary's"],
  ['has replayed what the primary has not written', { latest: { lsn: 1n, at: AT } }, 'it has replayed what the primary has not written'],
  ['stands for a primary that is silent', { latest: undefined, since: undefined }, 'the primary has not said how far it is'],
])('one that %s is not read', async (_what, stated, reason) => {
  const { primary, replicas } = servers();
  const [row] = await primary.rows<{ id: string }>('select system_identifier::text as id from pg_control_system()');
  const upToDate = { systemId: row?.id, latest: { lsn: 2n ** 63n, at: AT }, since: AT, momentOf: () => AT, ask: async () => undefined };
  const logged: { reason: string }[] = [];
  const watchOver = (primaryWatch: PrimaryWatch) => {
    const watch = createReplicaWatch({
      name: 'it',
      client: { connectionString: replicas[0]?.url },
      primary: primaryWatch,
      maxLagMs: 1000,
      onLeave: () => undefined,
      log: createLog({ level: 'warn', destination: { write: (line: string) => void logged.push(JSON.parse(line)) } }),
    });
    onTestFinished(watch.close);
    return watch;
  };
  const [believed, doubted] = [watchOver(upToDate), watchOver({ ...upToDate, ...stated })];
  for (const watch of [believed, doubted]) for (let i = 0; i < 5; i++) await watch.ask();
  expect([believed.isIn, doubted.isIn]).toEqual([true, false]);
  expect(logged.map((line) => line.reason)).toEqual([reason]);
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
