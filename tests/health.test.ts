// /health, /health/live and /health/ready: who is told what.

import { expect, inject, onTestFinished, test } from 'vitest';
import { lockTable } from './support/batching.ts';
import { rowsOf, withAdmin } from './support/database.ts';
import { aClient, aFleet, eventually } from './support/fleet.ts';

const TOKEN = 'a token for figures, long enough';

test('figures are for operators alone, and nobody is told why', { timeout: 60_000 }, async () => {
  const { origin } = await aFleet({ MAX_WORKERS: '1', METRICS_TOKEN: TOKEN });
  const get = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const response = await fetch(origin + path, { method, headers });
    return { status: response.status, cache: response.headers.get('cache-control'), body: await response.text() };
  };
  const figures = { status: 'ok', workers: 1, connections: expect.any(Number), pool: { budget: 150, max: 147 } };
  expect(JSON.parse((await get('/health')).body)).toMatchObject(figures);
  // Through a proxy that nobody has declared, anybody may have come.
  const proxied = { 'x-forwarded-for': '203.0.113.7' };
  for (const headers of [proxied, { ...proxied, authorization: `Bearer ${TOKEN}x` }])
    expect(await get('/health', headers)).toEqual({ status: 200, cache: 'no-store', body: '{"status":"ok"}' });
  expect(JSON.parse((await get('/health', { ...proxied, authorization: `Bearer ${TOKEN}` })).body)).toMatchObject(figures);
  expect(await get('/health/ready')).toEqual({ status: 200, cache: 'no-store', body: '{"status":"ok"}' });
  expect((await get('/health/live')).status).toBe(200);
  for (const path of ['/health', '/health/ready', '/health/live'])
    expect(await get(path, {}, 'HEAD')).toMatchObject({ status: 200, body: '' });
  for (const path of [
    '/health/',
    '/health/ready/',
    '/health/readyx',
    '/health/live/',
    '/x/health/ready',
    '/x/health',
    '/x/health/live',
    '/healthz',
  ])
    expect([path, (await get(path)).status]).toEqual([path, 404]);
  expect((await get('/health?x=1')).status).toBe(200);
  expect((await get('/graphql?query={__typename}&x=/health/live')).body).toContain('"data"');
});

test('it is ready while its database answers in time and has all migrations, and alive all the time', { timeout: 60_000 }, async () => {
  const { port, databaseUrl } = await aFleet({ RATE_LIMIT_ENABLED: 'false' });
  const client = aClient(port);
  const status = async (path: string) => (await client.get(path)).status;
  const becomes = async (expected: number, why: string) => {
    await eventually(async () => (await status('/health/ready')) === expected, why);
    expect(await status('/health')).toBe(expected);
    expect(await status('/health/live')).toBe(200);
  };
  await becomes(200, 'all is well');

  const [row] = await rowsOf<{ migration_name: string }>(
    databaseUrl,
    'update _prisma_migrations set finished_at = null where id = (select id from _prisma_migrations limit 1) returning migration_name',
  );
  await becomes(503, 'a migration lacks');
  const { body } = await client.get('/health');
  expect(JSON.parse(body)).toMatchObject({ status: 'unavailable', workers: 2 });
  expect(body).not.toContain('migration');
  await rowsOf(databaseUrl, 'update _prisma_migrations set finished_at = now() where migration_name = $1', [row?.migration_name]);
  await becomes(200, 'it is there');
  const { release } = await lockTable(databaseUrl, '_prisma_migrations');
  const since = performance.now();
  await becomes(503, 'the database is too slow');
  expect(performance.now() - since).toBeLessThan(15_000);
  await release();
  await becomes(200, 'it answers');

  const name = new URL(databaseUrl).pathname.slice(1);
  const allow = (isAllowed: boolean) =>
    withAdmin(inject('adminUrl'), (admin) => admin.query(`alter database ${name} with allow_connections ${isAllowed}`));
  onTestFinished(() => void allow(true).catch(() => undefined));
  await allow(false);
  await withAdmin(inject('adminUrl'), (admin) =>
    admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]),
  );
  await becomes(503, 'the database is gone');
  await allow(true);
  await becomes(200, 'it is back');
});
