import { setTimeout as wait } from 'node:timers/promises';
import { SERVER_FACTS, type ServerFacts } from '../gateway/data/postgres/check-server.ts';
import { SessionClient } from '../gateway/data/postgres/session-client.ts';
import { parseDatabaseUrl } from './database-url.ts';

const APPLICATION_NAME = 'convoy primary';
/** How long a server may take to answer these questions. */
const TIMEOUT_MS = 5000;
const PAUSE_MS = 50;

async function withClient<T>(databaseUrl: string, work: (client: SessionClient) => Promise<T>): Promise<T> {
  const { max: _, ...config } = parseDatabaseUrl(databaseUrl);
  const client = new SessionClient({
    ...config,
    application_name: APPLICATION_NAME,
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** How many connections a server allows, and how many of them are not for everybody. */
export type ServerConnections = { max: number; reserved: number };

/** Asks a server for them and for what it is, over a connection of its own. */
export function readServerConnections(databaseUrl: string): Promise<ServerConnections & ServerFacts> {
  return withClient(databaseUrl, async (client) => {
    // reserved_connections is there from PostgreSQL 16 on.
    const { rows } = await client.query<ServerConnections & ServerFacts>(
      `select current_setting('max_connections')::int as max,
         current_setting('superuser_reserved_connections')::int + coalesce(current_setting('reserved_connections', true)::int, 0) as reserved,
         ${SERVER_FACTS}`,
    );
    return rows[0] as ServerConnections & ServerFacts;
  });
}

/**
 * What the connections to this database are called that were made from here, as far as the first blank behind `beginning`. Two machines
 * that take each other for the same come from different addresses.
 */
export function readConnectionNames(databaseUrl: string, beginning: string): Promise<string[]> {
  return withClient(databaseUrl, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select distinct $1 || split_part(substr(application_name, length($1) + 1), ' ', 1) as name from pg_stat_activity
       where starts_with(application_name, $1) and datname = current_database() and usename = current_user
         and client_addr is not distinct from inet_client_addr()`,
      [beginning],
    );
    return rows.map(({ name }) => name);
  });
}

/**
 * Ends the connections of a process that is gone: the server would keep each until it has something to send. Resolves when none is left.
 * `applicationName`: what their names are, or begin with, before a blank.
 */
export function endConnections(databaseUrl: string, applicationName: string): Promise<void> {
  return withClient(databaseUrl, async (client) => {
    const ending = `select count(pg_terminate_backend(pid))::int as left from pg_stat_activity where starts_with(application_name || ' ', $1 || ' ')`;
    for (const until = performance.now() + TIMEOUT_MS; performance.now() < until; await wait(PAUSE_MS)) {
      const { rows } = await client.query<{ left: number }>(ending, [applicationName]);
      if (rows[0]?.left === 0) return;
    }
    throw new Error(`Connections of ${applicationName} do not end.`);
  });
}
