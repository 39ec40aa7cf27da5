// What reading from replicas is made of, piece by piece; and that it costs nothing where there are none.

import { setTimeout as wait } from 'node:timers/promises';
import { parse } from 'graphql';
import pg from 'pg';
import { Registry } from 'prom-client';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Batcher } from '../src/batching/batcher.ts';
import { createReadRoutes } from '../src/batching/read-routes.ts';
import { RequestLoaders } from '../src/batching/request-loaders.ts';
import { encodeId } from '../src/graphql/ids.ts';
import { NOBODY } from '../src/http/client.ts';
import type { Call } from '../src/http/guard.ts';
import { createRequestRecord } from '../src/http/request-record.ts';
import { createLog } from '../src/log.ts';
import { BEHIND_ALL, createLsnTokens } from '../src/lsn-tokens.ts';
import { watchReplicas } from '../src/metrics/replica-metrics.ts';
import { useReplicas } from '../src/plugins/use-replicas.ts';
import { parseDatabaseUrl } from '../src/resources/database-url.ts';
import { createPositionHistory } from '../src/resources/position-history.ts';
import { createPrimaryWatch } from '../src/resources/primary-watch.ts';
import { createReplicaWatch } from '../src/resources/replica-watch.ts';
import { openReplicas } from '../src/resources/replicas.ts';
import { noDatabase, range } from './support/batching.ts';
import { anApp } from './support/world.ts';

const [OLD_KEY, NEW_KEY] = ['an old key that is long enough to sign with', 'a new key that is long enough to sign with'];

test.each([0n, 1n, 35n, 36n, 83_887_136n, 2n ** 53n + 1n, BEHIND_ALL])('the token of position %s is read as what was signed', (lsn) => {
  const tokens = createLsnTokens({ secretKeys: [NEW_KEY], ttlSeconds: 60 });
  expect(tokens.read(tokens.sign(lsn))).toBe(lsn);
});

test('a token of the key before is read, one of an unknown key is not, and after its time neither is', () => {
  const sign = (secretKeys: string[]) => createLsnTokens({ secretKeys, ttlSeconds: 60 }).sign(7n);
  const tokens = createLsnTokens({ secretKeys: [NEW_KEY, OLD_KEY], ttlSeconds: 60 });
  const own = [sign([OLD_KEY]), sign([NEW_KEY])];
  expect([...own, sign(['another key that nobody here has ever seen'])].map(tokens.read)).toEqual([7n, 7n, undefined]);
  onTestFinished(() => void vi.useRealTimers());
  vi.useFakeTimers({ now: Date.now() + 58_000 });
  expect(own.map(tokens.read)).toEqual([7n, 7n]);
  vi.setSystemTime(Date.now() + 3000);
  expect(own.map(tokens.read)).toEqual([undefined, undefined]);
});

test('the age of what a replica shows is the age of the last moment at which the primary had written no more', () => {
  const history = createPositionHistory({ maxLagMs: 1000, leastMs: 100 });
  expect([history.momentOf(5n), history.since]).toEqual([undefined, undefined]);
  history.add(10n, 0);
  // Nobody writes for an hour.
  for (const minute of range(1, 60)) history.add(10n, minute * 60_000);
  expect([history.momentOf(10n), history.momentOf(9n), history.since]).toEqual([3_600_000, undefined, 0]);
  history.add(20n, 3_600_100);
  history.add(30n, 3_600_200);
  expect([9n, 10n, 19n, 20n, 29n, 30n, 31n].map((lsn) => history.momentOf(lsn))).toEqual([
    undefined,
    3_600_000,
    3_600_000,
    3_600_100,
    3_600_100,
    3_600_200,
    3_600_200,
  ]);
  // A server that was restored has another past.
  history.add(15n, 3_600_300);
  expect([history.momentOf(12n), history.momentOf(15n)]).toEqual([undefined, 3_600_300]);
});

test('moments are kept as far apart as the longest lag allows, and no longer than they are of use', () => {
  const history = createPositionHistory({ maxLagMs: 100_000, leastMs: 100 });
  for (const i of range(1, 10_000)) history.add(BigInt(i), i * 100);
  const moments = new Set(range(1, 10_000).map((i) => history.momentOf(BigInt(i))));
  expect(moments.size).toBeLessThan(300);
  // Never younger than it is, and at most a hundredth older than it is.
  for (const i of range(8000, 2000)) {
    const behindMs = i * 100 - (history.momentOf(BigInt(i)) ?? 0);
    expect(behindMs).toBeGreaterThanOrEqual(0);
    expect(behindMs).toBeLessThanOrEqual(1000);
  }
  expect(history.momentOf(5000n)).toBeUndefined();
});

test('a request stays at the replica of its first wave, and goes on at the primary when that has left or was stood in for', () => {
  const [a, b] = ['a', 'b'].map(() => ({ database: { ...noDatabase }, maxReads: 2, epoch: 0 }));
  const primary = new Batcher(noDatabase);
  const picked: unknown[] = [];
  const routeBy = createReadRoutes(primary, [a, b] as NonNullable<typeof a>[], {});
  const request = (replica: typeof a) =>
    routeBy(() => {
      picked.push(replica);
      return replica;
    });
  const [first, second, third] = [request(a), request(b), request(undefined)];
  expect(picked).toEqual([]);
  expect([first().db, second().db, third()]).toEqual([a?.database, b?.database, primary]);
  expect(first().db).toBe(a?.database);
  Object.assign(a as object, { epoch: 1 });
  expect([first(), second().db]).toEqual([primary, b?.database]);
  Object.assign(a as object, { epoch: 0 });
  expect(first()).toBe(primary);
  expect(request(a)().db).toBe(a?.database);
  expect(picked).toEqual([a, b, undefined, a]);
});

test('the route is asked before each wave, and not at all before the first', async () => {
  const [one, two] = ['one', 'two'].map((name) => new Batcher({ ...noDatabase, query: async () => [{ name }] as never[] }));
  const routes = [one, two, one] as Batcher[];
  const loaders = new RequestLoaders(new Batcher(noDatabase));
  let asked = 0;
  loaders.follow(() => routes[asked++] as Batcher);
  const group = {
    name: 'where',
    batch: async (db: typeof noDatabase, keys: readonly number[]) => {
      const [row] = await db.query<{ name: string }>('', []);
      return keys.map(() => row?.name);
    },
  };
  await wait(10);
  expect(asked).toBe(0);
  const wave = (from: number) => Promise.all(range(from, 3).map((key) => loaders.get(group).load(key)));
  expect([await wave(1), await wave(4), asked]).toEqual([['one', 'one', 'one'], ['two', 'two', 'two'], 2]);
});

test('of what several mutations of one request have written the furthest is told, and what cannot be known is behind all', async () => {
  const tokens = createLsnTokens({ secretKeys: [NEW_KEY], ttlSeconds: 60 });
  const answers = [Promise.withResolvers<bigint>(), Promise.withResolvers<bigint>(), Promise.withResolvers<bigint>()];
  const asked = [...answers];
  const writtenUpTo = () => asked.shift()?.promise ?? Promise.reject(new Error('There is no more.'));
  const plugin = useReplicas({
    routeBy: () => () => new Batcher(noDatabase),
    pick: () => undefined,
    isPrimaryThere: () => true,
    writtenUpTo,
    tokens,
  });
  const record = createRequestRecord({ requestId: 'one', method: 'POST', path: '/graphql' });
  const call: Call = { client: NOBODY, headers: {}, body: undefined, record };
  const args = { document: parse('mutation { a }'), contextValue: { call } };
  const end = async () => {
    const hooks = (await plugin.onExecute?.({ args } as never)) as { onExecuteDone(done: object): Promise<void> };
    await hooks.onExecuteDone({ args, result: { data: {} } });
  };
  const told = () => tokens.read(call.headers['x-convoy-lsn'] ?? '');
  const ends = [end(), end(), end()];
  answers[1]?.resolve(20n);
  await ends[1];
  expect(told()).toBe(20n);
  answers[0]?.resolve(10n);
  await ends[0];
  expect(told()).toBe(20n);
  answers[2]?.reject(new Error('The database is busy.'));
  await ends[2];
  expect(told()).toBe(BEHIND_ALL);
  expect(call.headers['set-cookie']).toContain(`convoy_lsn=${call.headers['x-convoy-lsn']};`);
});

test('what the primary has run in place of a replica is counted, once, however often it is looked at', async () => {
  const registry = new Registry();
  const states = ['a', 'b'].map((name) => ({ name, isIn: true, lagMs: undefined, fallbacks: 0 }));
  watchReplicas(registry, () => states);
  const counts = async () => (await registry.metrics()).match(/(?<=^convoy_replica_fallbacks_total\{replica=).*$/gm);
  expect(await counts()).toEqual(['"a"} 0', '"b"} 0']);
  Object.assign(states[1] ?? {}, { fallbacks: 3 });
  expect([await counts(), await counts()]).toEqual([
    ['"a"} 0', '"b"} 3'],
    ['"a"} 0', '"b"} 3'],
  ]);
});

test('a replica that cannot answer for what it replays has answered, in whatever language it says so', async () => {
  const { databaseUrl } = await anApp({ isSeeded: false });
  const log = createLog({ level: 'silent' });
  const primary = createPrimaryWatch(noDatabase, { maxLagMs: 1000, leastMs: 100 }, log);
  const losses: boolean[] = [];
  const watch = createReplicaWatch({
    name: 'one',
    client: parseDatabaseUrl(databaseUrl),
    primary,
    maxLagMs: 1000,
    onLeave: (isLost) => void losses.push(isLost),
    log,
  });
  onTestFinished(watch.close);
  expect(await watch.ask()).toBe(true);
  const conflict = Object.assign(new pg.DatabaseError('Konflikt', 0, 'error'), { code: '40001', severity: 'FEHLER' });
  const query = vi.spyOn(pg.Client.prototype, 'query').mockImplementationOnce(() => Promise.reject(conflict) as never);
  onTestFinished(() => query.mockRestore());
  expect(await watch.ask()).toBe(true);
  expect(query).toHaveBeenCalledTimes(1);
  expect(losses).not.toContain(true);
});

test('a URL that cannot be read, or names a server again, ends the start, in words that name the setting', async () => {
  const log = createLog({ level: 'silent' });
  for (const url of ['nonsense', 'postgresql://anna:s3cret@db.example/spas?connection_limit=many'])
    await expect(openReplicas({ urls: [url] }, noDatabase, log)).rejects.toThrow(/^(?!.*s3cret).*DATABASE_REPLICA_URLS/);
  const twice = ['postgresql://anna:s3cret@db.example/spas', 'postgresql://bert@db.example:5432/spas'];
  await expect(openReplicas({ urls: twice }, noDatabase, log)).rejects.toThrow(/^DATABASE_REPLICA_URLS names db.example:5432 twice/);
});

test('as many connections are taken as are given, or as the URL says where that is fewer, and no more than sixteen read at once', async () => {
  const log = createLog({ level: 'silent' });
  const urls = ['', '?connection_limit=5', '?connection_limit=90', '?connection_limit=1'].map(
    (limit, i) => `postgresql://127.0.0.1:${i + 1}/spas${limit}`,
  );
  for (const [connections, expected] of [
    [40, [39, 4, 39, 1]],
    [3, [2, 2, 2, 1]],
    [undefined, [9, 4, 89, 1]],
  ] as const) {
    const { replicas, close } = await openReplicas({ urls, connections }, noDatabase, log);
    expect(replicas.all.map(({ pool }) => pool.options.max)).toEqual(expected);
    expect(replicas.all.map(({ maxReads }) => maxReads)).toEqual(expected.map((max) => Math.min(max, 16)));
    await close();
  }
});

test('without replicas nothing is asked of the database beside what ever was, and no answer carries a token', async () => {
  const { ask, statements } = await anApp();
  const UPDATE = 'mutation ($input: UpdateHiringFormInput!) { updateHiringForm(input: $input) { hiringForm { forRole } } }';
  let answer = {} as Awaited<ReturnType<typeof ask>>;
  const sent = await statements.during(async () => {
    answer = await ask(UPDATE, { input: { id: encodeId('HiringForm', 1), forRole: 'Cook' } }, { as: 'ADMIN' });
    await wait(300);
  });
  expect(answer.data.updateHiringForm.hiringForm.forRole).toBe('Cook');
  expect(sent.filter((text) => /pg_current_wal|pg_control/.test(text))).toEqual([]);
  expect([answer.headers.getSetCookie(), answer.headers.get('x-convoy-lsn')]).toEqual([[], null]);
});
