import { setTimeout as wait } from 'node:timers/promises';
import { SERVER_FACTS, type ServerFacts } from '../gateway/data/postgres/check-server.ts';
import { SessionClient } from '../gateway/data/postgres/session-client.ts';
import { within } from '../gateway/timeout-after-poll.ts';
import { parseDatabaseUrl } from './database-url.ts';

const APPLICATION_NAME = 'convoy primary';
/** How long a server may take to answer these questions. */
const TIMEOUT_MS = 5000;
const PAUSE_MS = 50;

type Ask = <R extends object>(text: string, values?: unknown[]) => Promise<R[]>;

async function withConnection<T>(databaseUrl: string, work: (ask: Ask) => Promise<T>): Promise<T> {
  const { max: _, ...config } = parseDatabaseUrl(databaseUrl);
  const client = new SessionClient({ ...config, application_name: APPLICATION_NAME, connectionTimeoutMillis: 0 });
  client.on('error', () => undefined);
  try {
    await within(client.connect(), TIMEOUT_MS);
    return await work(async <R extends object>(text: string, values?: unknown[]) => {
      const { rows } = await within(client.query<R>(text, values), TIMEOUT_MS);
      return rows;
    });
  } catch (error) {
    // A server that is silent does not answer the farewell either.
    client.connection.stream.destroy();
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** How many connections a server allows, and how many of them are not for everybody. */
export type ServerConnections = { max: number; reserved: number };

/** Asks a server for them and for what it is, over a connection of its own. */
export function readServerConnections(databaseUrl: string): Promise<ServerConnections & ServerFacts> {
  return withConnection(databaseUrl, async (ask) => {
    // reserved_connections is there from PostgreSQL 16 on.
    const rows = await ask<ServerConnections & ServerFacts>(
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
  return withConnection(databaseUrl, async (ask) => {
    const rows = await ask<{ name: string }>(
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
  return withConnection(databaseUrl, async (ask) => {
    const ending = `select count(pg_terminate_backend(pid))::int as left from pg_stat_activity where starts_with(application_name || ' ', $1 || ' ')`;
    for (const until = performance.now() + TIMEOUT_MS; performance.now() < until; await wait(PAUSE_MS)) {
      const [row] = await ask<{ left: number }>(ending, [applicationName]);
      if (row?.left === 0) return;
    }
    throw new Error(`Connections of ${applicationName} do not end.`);
  });
}
