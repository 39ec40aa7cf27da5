// DATABASE_CONNECTIONS: the arithmetic, and what the server sees of a gateway while everything happens at once.

import { setTimeout as wait } from 'node:timers/promises';
import { expect, inject, onTestFinished, test } from 'vitest';
import { StartError } from '../src/errors.ts';
import { shareConnections } from '../src/workers/connection-budget.ts';
import { readWebsitesAs } from './support/batching.ts';
import { sampling } from './support/connection-samples.ts';
import { createDatabase, rowsOf } from './support/database.ts';
import { aClient, aFleet, aLoad, eventually, tokenOf } from './support/fleet.ts';
import { SECRET_KEY, startGateway } from './support/gateway.ts';
import { mutation, toIssue } from './support/inputs.ts';
import { times } from './support/protection.ts';

const ISSUE = mutation('issueCertificate', 'certificate { id }');
const SLOW = 'query ($first: Int!) { spas(first: $first) { nodes { website } } }';

/** The share, or what is said where there are too few. */
function share(total: number, workers: number, replicas: number) {
  try {
    return shareConnections({ total, workers, replicas });
  } catch (error) {
    if (error instanceof StartError) return error.message;
    throw error;
  }
}

test('whatever is shared fits, and what is refused would not', () => {
  for (let total = 1; total <= 300; total += total < 60 ? 1 : 7)
    for (const workers of [1, 2, 3, 8, 32])
      for (const replicas of [0, 1, 2, 5]) {
        const given = share(total, workers, replicas);
        const least = Number(/come to (\d+)/.exec(String(given))?.[1] ?? Number.NaN);
        if (typeof given === 'string') {
          // Exactly as many as it asks for are enough.
          expect([least > total, typeof share(least, workers, replicas), typeof share(least - 1, workers, replicas)]).toEqual([
            true,
            'object',
            'string',
          ]);
          continue;
        }
        const { slots, atPrimary, atReplica } = given;
        expect(slots).toBe(workers === 1 ? 1 : workers + 1);
        expect(atPrimary + replicas * atReplica).toBeLessThanOrEqual(total);
        expect(atPrimary).toBe(2 + slots * (1 + given.share.primary));
        expect(given.share.primary).toBeGreaterThanOrEqual(2);
        if (replicas > 0) expect(given.share.replica).toBeGreaterThanOrEqual(2);
        // No worker could have one more.
        expect(total - atPrimary - replicas * atReplica).toBeLessThan(slots);
      }
});

test('a budget that is too small, or too large for the server, is refused with the arithmetic', { timeout: 60_000 }, async () => {
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  const [{ max } = { max: 0 }] = await rowsOf<{ max: number }>(inject('adminUrl'), `select current_setting('max_connections')::int as max`);
  for (const [connections, sentence] of [
    ['10', 'DATABASE_CONNECTIONS=10 is too few: 2 for the gateway itself, and for each of 3 processes (2 workers and one'],
    [String(max), `DATABASE_CONNECTIONS would take ${max - ((max - 2) % 3)} connections to the database, which has ${max - 3}`],
  ] as const) {
    const gateway = startGateway({ DATABASE_URL: url, SECRET_KEY, MAX_WORKERS: '2', DATABASE_CONNECTIONS: connections });
    onTestFinished(async () => void (await gateway.stop('SIGKILL')));
    const { code, stderr } = await gateway.ended;
    expect([code, stderr.trim().split('\n').length]).toEqual([1, 1]);
    expect(stderr).toContain(sentence);
  }
});

test('it is never exceeded: at full load, while workers are renewed, and when one is killed in its statements', {
  timeout: 120_000,
}, async () => {
  const fleet = await aFleet({ DATABASE_CONNECTIONS: '12', RESPONSE_CACHE: 'true' });
  const { port, databaseUrl } = fleet;
  // Reads and writes that last: each worker needs all that it may have, also while it drains.
  await readWebsitesAs(databaseUrl, 'pg_sleep(0.4)::text');
  await rowsOf(
    databaseUrl,
    `create function last() returns trigger language plpgsql as $$ begin perform pg_sleep(0.5); return new; end $$;
     create trigger last before insert on certificates for each row execute function last()`,
  );
  const [{ name } = { name: '' }] = await rowsOf<{ name: string }>(
    databaseUrl,
    `select application_name as name from pg_stat_activity where datname = current_database() and application_name ~ '/\\d+$'`,
  );
  expect(name).toMatch(/^convoy \w+-\d+\/\d+$/);
  const { counts, stop } = await sampling(databaseUrl);
  const token = await tokenOf('USER');
  const clients = times(16, () => aClient(port));
  const load = aLoad(16, async (i, n) => {
    const client = clients[i] ?? aClient(port);
    if (i % 3 === 0) return client.ask(ISSUE, { token, variables: { input: toIssue('ID_CARD') } });
    return client.ask(SLOW, { token, variables: { first: 1 + ((i + n) % 5) } });
  });
  await wait(2000);
  fleet.child.kill('SIGHUP');
  // Three processes with three connections each.
  await eventually(() => Math.max(...counts) >= 9, 'the new one has its connections beside the old ones');
  process.kill(fleet.workers().at(-1) as number, 'SIGKILL');
  await eventually(() => fleet.output().includes('all workers are new'), 'all workers are new');
  for (const pid of fleet.workers()) process.kill(pid, 'SIGKILL');
  await eventually(async () => JSON.parse((await aClient(port).get('/health')).body).workers === 2, 'both are back');
  await wait(1500);
  await load.stop();
  await stop();
  console.log(`At most ${Math.max(...counts)} of 12 connections.`);
  expect(Math.max(...counts)).toBeLessThanOrEqual(12);
  expect(load.answers.some(({ status }) => status === 200)).toBe(true);
});

test('what a killed worker has left running is ended before another has its place', { timeout: 60_000 }, async () => {
  const fleet = await aFleet({ DATABASE_CONNECTIONS: '12' });
  await readWebsitesAs(fleet.databaseUrl, `(select 'slow' from pg_sleep(30))`);
  const running = async () =>
    rowsOf(
      fleet.databaseUrl,
      `select 1 from pg_stat_activity where datname = current_database() and state = 'active' and wait_event = 'PgSleep'`,
    );
  const asked = times(2, () => aClient(fleet.port).ask(SLOW, { variables: { first: 1 } }));
  const settled = Promise.allSettled(asked);
  await eventually(async () => (await running()).length === 2, 'both workers have a statement under way');
  for (const pid of fleet.workers()) process.kill(pid, 'SIGKILL');
  for (const outcome of await settled) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ECONNRESET' } });
  await eventually(async () => JSON.parse((await aClient(fleet.port).get('/health')).body).workers === 2, 'both are back');
  expect(await running()).toEqual([]);
});
