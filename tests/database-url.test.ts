import { expect, test } from 'vitest';
import { StartError } from '../src/errors.ts';
import { parseDatabaseUrl } from '../src/resources/database-url.ts';

const URL_WITHOUT = 'postgresql://anna:s3cret@db.example:5433/spas';

test('host, port, user, password and database are read', () => {
  expect(parseDatabaseUrl(URL_WITHOUT)).toMatchObject({
    host: 'db.example',
    port: 5433,
    user: 'anna',
    password: 's3cret',
    database: 'spas',
  });
});

test('without parameters the pool holds 10 connections, callers wait 2 s and statements run 10 s', () => {
  expect(parseDatabaseUrl(URL_WITHOUT)).toMatchObject({
    max: 10,
    connectionTimeoutMillis: 2000,
    statement_timeout: 10_000,
    keepAlive: true,
  });
});

test('connection_limit, pool_timeout and statement_timeout set the pool', () => {
  const config = parseDatabaseUrl(`${URL_WITHOUT}?connection_limit=3&pool_timeout=20&statement_timeout=1500`);
  expect(config).toMatchObject({ max: 3, connectionTimeoutMillis: 20_000, statement_timeout: 1500 });
});

test.each([
  ['', undefined, 10_000],
  ['', 3000, 3000],
  ['', 30_000, 10_000],
  ['?statement_timeout=700', 3000, 700],
  ['?statement_timeout=0', 3000, 3000],
  ['?statement_timeout=0', undefined, 0],
])('statements of a URL with "%s" and a further bound of %s ms run %s ms', (parameters, statementTimeoutMs, expected) => {
  expect(parseDatabaseUrl(`${URL_WITHOUT}${parameters}`, { statementTimeoutMs }).statement_timeout).toBe(expected);
});

test('pool_timeout=0 waits for ever', () => {
  expect(parseDatabaseUrl(`${URL_WITHOUT}?pool_timeout=0`).connectionTimeoutMillis).toBe(0);
});

test('the longer of connect_timeout and pool_timeout bounds both waits', () => {
  expect(parseDatabaseUrl(`${URL_WITHOUT}?pool_timeout=1&connect_timeout=30`).connectionTimeoutMillis).toBe(30_000);
});

test('schema is read and must be a name, and options are left to the server', () => {
  expect(parseDatabaseUrl(`${URL_WITHOUT}?schema=spas&options=-c%20geqo%3Doff`)).toMatchObject({ schema: 'spas', options: '-c geqo=off' });
  expect(parseDatabaseUrl(URL_WITHOUT).options).toBeUndefined();
  expect(() => parseDatabaseUrl(`${URL_WITHOUT}?schema=a%22%20-c%20b`)).toThrow(StartError);
});

test("what only Prisma's former engine knew does not reach the server", () => {
  const config = parseDatabaseUrl(`${URL_WITHOUT}?pgbouncer=true&socket_timeout=5&statement_cache_size=0&connection_limit=3`);
  for (const name of ['pgbouncer', 'socket_timeout', 'statement_cache_size', 'connection_limit']) expect(config).not.toHaveProperty(name);
});

test.each([
  ['nonsense', 'is not a URL'],
  ['mysql://anna:s3cret@db.example/spas', 'must begin with postgresql://'],
  [`${URL_WITHOUT}?connection_limit=0`, 'connection_limit in DATABASE_URL must be at least 1'],
  [`${URL_WITHOUT}?connection_limit=many`, 'connection_limit in DATABASE_URL must be a whole number'],
  [`${URL_WITHOUT}?pool_timeout=-1`, 'pool_timeout in DATABASE_URL must be a whole number'],
  [`${URL_WITHOUT}?statement_timeout=1.5`, 'statement_timeout in DATABASE_URL must be a whole number'],
])('%s is refused', (url, reason) => {
  expect(() => parseDatabaseUrl(url)).toThrow(reason);
  expect(() => parseDatabaseUrl(url)).not.toThrow('s3cret');
});
