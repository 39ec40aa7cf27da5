import type { PoolConfig } from 'pg';
import { parseIntoClientConfig } from 'pg-connection-string';
import { StartError } from '../errors.ts';
import { checkTls } from '../gateway/data/postgres/check-tls.ts';

/** What Prisma's users write into the URL, and node-postgres does not know: shape `name: default`. */
const DEFAULTS = { connection_limit: 10, pool_timeout: 2, statement_timeout: 10_000, connect_timeout: 0 };

/**
 * Reads a PostgreSQL URL as Prisma's users write it. `connection_limit` (connections, default 10, and never more than `maxConnections`), `pool_timeout` (seconds that a
 * caller waits for one, default 2, 0 for ever), `statement_timeout` (milliseconds, default 10000, 0 for none), `connect_timeout`
 * (seconds; raises the bound of both waits where it is longer) and `schema` (default `public`) are taken out; the rest is node-postgres's.
 * `statementTimeoutMs` is a further bound for statements: the smaller of the two holds. `setting`: where the URL comes from, for errors.
 * Throws StartError when the URL or a number in it cannot be read. The password is never part of the message.
 */
export function parseDatabaseUrl(
  databaseUrl: string,
  {
    statementTimeoutMs = 0,
    maxConnections,
    setting = 'DATABASE_URL',
  }: { statementTimeoutMs?: number; maxConnections?: number; setting?: string } = {},
): PoolConfig & { schema?: string } {
  let url: URL;
  try {
    url = new URL(databaseUrl);
  } catch {
    throw new StartError(
      `${setting} is not a URL. It looks like postgresql://user:password@host:5432/database; characters such as # / ? of a password are written as %23 %2F %3F.`,
    );
  }
  if (!/^postgres(ql)?:$/.test(url.protocol)) throw new StartError(`${setting} must begin with postgresql://, not ${url.protocol}//.`);

  const take = (name: string) => {
    const value = url.searchParams.get(name);
    url.searchParams.delete(name);
    return value ?? undefined;
  };
  const number = (name: keyof typeof DEFAULTS) => {
    const value = Number(take(name) ?? DEFAULTS[name]);
    if (!Number.isInteger(value) || value < 0) throw new StartError(`${name} in ${setting} must be a whole number, 0 or more.`);
    return value;
  };
  const isLimited = url.searchParams.has('connection_limit');
  const limit = number('connection_limit');
  const max = isLimited ? Math.min(limit, maxConnections ?? limit) : (maxConnections ?? limit);
  if (max === 0) throw new StartError(`connection_limit in ${setting} must be at least 1.`);
  const poolTimeoutMs = number('pool_timeout') * 1000;
  const statementBounds = [number('statement_timeout'), statementTimeoutMs].filter((bound) => bound > 0);
  const connectTimeoutMs = number('connect_timeout') * 1000;
  const schema = take('schema');
  if (schema !== undefined && !/^\w+$/.test(schema))
    throw new StartError(`schema in ${setting} must be a name of letters, digits and underscores.`);
  checkTls(url, setting);
  // Meant for Prisma's former engine; node-postgres would hand them to the server, which refuses what it does not know.
  for (const name of ['pgbouncer', 'socket_timeout', 'statement_cache_size']) take(name);

  return {
    ...parsed(url, setting),
    max,
    // node-postgres has one bound for both waits, for a free connection and for a new one: the longer that is asked for.
    connectionTimeoutMillis: poolTimeoutMs === 0 ? 0 : Math.max(poolTimeoutMs, connectTimeoutMs),
    statement_timeout: statementBounds.length > 0 ? Math.min(...statementBounds) : 0,
    keepAlive: true,
    schema,
  };
}

/** What node-postgres's own parser makes of it. Only the first sentence of its errors is for the operator. */
function parsed(url: URL, setting: string): PoolConfig {
  try {
    return parseIntoClientConfig(url.toString());
  } catch (error) {
    const [reason] = (error as Error).message.replace('SECURITY WARNING: ', '').split(/\. |\.$/);
    throw new StartError(`${setting} cannot be used: ${reason}.`);
  }
}
