// What a start that was killed leaves behind: the next one on the same machine keeps the budget of connections, and touches nobody else's.

import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { nameOfStart } from '../src/workers/former-starts.ts';
import { readWebsitesAs } from './support/batching.ts';
import { sampling } from './support/connection-samples.ts';
import { rowsOf } from './support/database.ts';
import { aClient, aFleet, aLoad, childrenOf, eventually, isRunning, kill, tokenOf } from './support/fleet.ts';
import { SECRET_KEY, startGateway } from './support/gateway.ts';
import { mutation, toIssue } from './support/inputs.ts';
import { times } from './support/protection.ts';

const ISSUE = mutation('issueCertificate', 'certificate { id }');
const SLOW = 'query ($first: Int!) { spas(first: $first) { nodes { website } } }';

/** Starts again what was killed, on the same port, at once. */
async function again(fleet: Awaited<ReturnType<typeof aFleet>>, settings: Record<string, string>) {
  const own = { DATABASE_URL: fleet.databaseUrl, SECRET_KEY, LOG_LEVEL: 'info', PORT: String(fleet.port), ...settings };
  const next = startGateway(own);
  onTestFinished(async () => {
    for (const pid of [next.child.pid as number, ...childrenOf(next.child.pid as number)]) kill(pid, 'SIGKILL');
    await next.ended;
  });
  await next.ready;
  return next;
}

test('the budget holds when the primary is killed and started again while its workers finish what they have begun', {
  timeout: 120_000,
}, async () => {
  const settings = { MAX_WORKERS: '3', DATABASE_CONNECTIONS: '14', LIMIT_MODES: 'pressure:off' };
  const fleet = await aFleet(settings);
  const { port, databaseUrl, workers } = fleet;
  await readWebsitesAs(databaseUrl, `(select 'slow' from pg_sleep(4))`);
  await rowsOf(
    databaseUrl,
    `create function last() returns trigger language plpgsql as $$ begin perform pg_sleep(4); return new; end $$;
     create trigger last before insert on certificates for each row execute function last()`,
  );
  const token = await tokenOf('USER');
  const { counts, stop } = await sampling(databaseUrl);
  const orphans = workers();
  const ask = (i: number, client = aClient(port)) =>
    i % 2
      ? client.ask(ISSUE, { token, variables: { input: toIssue('ID_CARD') } })
      : client.ask(SLOW, { token, variables: { first: 1 + (i % 5) } });
  const begun = times(12, (i) => ask(i));
  const outcomes = Promise.allSettled(begun);
  // A pool of two and one that listens, each.
  await eventually(() => (counts.at(-1) ?? 0) >= 9, 'each worker has all its connections');
  process.kill(fleet.child.pid as number, 'SIGKILL');
  const next = await again(fleet, settings);
  expect(orphans.some(isRunning)).toBe(true);
  expect(next.output()).toContain('a former start was killed');
  const load = aLoad(12, (i) => ask(i));
  await eventually(() => !orphans.some(isRunning), 'the workers of the former start have ended');
  await eventually(async () => JSON.parse((await aClient(port).get('/health')).body).workers === 3, 'all workers run');
  await load.stop();
  await stop();
  // A connection that waits for a place in the pool for too long is refused.
  for (const outcome of await outcomes) expect(outcome).toMatchObject({ status: 'fulfilled' });
  console.log(`At most ${Math.max(...counts)} of 14 connections.`);
  expect(Math.max(...counts)).toBeGreaterThan(9);
  expect(Math.max(...counts)).toBeLessThanOrEqual(14);
});

test('what a gateway of one process was about when it was killed is ended by the next start, and that of others is not', {
  timeout: 120_000,
}, async () => {
  const settings = { MAX_WORKERS: '1', DATABASE_CONNECTIONS: '6' };
  const fleet = await aFleet(settings);
  const { databaseUrl } = fleet;
  const other = startGateway({ DATABASE_URL: databaseUrl, SECRET_KEY, ...settings });
  onTestFinished(async () => void (await other.stop('SIGKILL')));
  const [, machine = ''] = /^(convoy \w+)-/.exec(await nameOfStart()) ?? [];
  const gone = 2 ** 22 + 1;
  const foreign = await Promise.all(
    [
      `convoy elsewhere-${gone}/${gone}`,
      `${machine}-${process.pid}/${gone}`,
      `${machine}-${gone}`,
      `${machine}-${gone}/${gone} changes`,
    ].map(async (application_name) => {
      const client = new pg.Client({ connectionString: databaseUrl, application_name });
      client.on('error', () => undefined);
      await client.connect();
      onTestFinished(() => client.end());
      return client;
    }),
  );
  await readWebsitesAs(databaseUrl, `(select 'slow' from pg_sleep(8))`);
  const running = () =>
    rowsOf<{ pid: number }>(databaseUrl, `select pid from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`);
  const slow = { variables: { first: 1 } };
  const lost = aClient(fleet.port).ask(SLOW, slow);
  const kept = aClient(Number(new URL((await other.ready).url).port)).ask(SLOW, slow);
  kept.catch(() => undefined);
  lost.catch(() => undefined);
  await eventually(async () => (await running()).length === 2, 'both have a statement under way');
  const pids = (await running()).map(({ pid }) => pid);
  process.kill(fleet.child.pid as number, 'SIGKILL');
  await again(fleet, settings);
  expect(await rowsOf(databaseUrl, 'select 1 from pg_stat_activity where pid = any($1)', [pids])).toHaveLength(1);
  const alive = await Promise.all(
    foreign.map((client) =>
      client.query('select 1').then(
        () => true,
        () => false,
      ),
    ),
  );
  expect(alive).toEqual([true, true, true, false]);
  expect((await kept).status).toBe(200);
});
