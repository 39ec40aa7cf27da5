import pg from 'pg';
import { checkPrimary } from '../gateway/data/postgres/check-server.ts';
import { databaseStartError } from '../gateway/data/postgres/database-start-error.ts';
import type { Log } from '../log.ts';
import { parseDatabaseUrl } from './database-url.ts';
import { openEmbeddedPostgres } from './embedded-postgres.ts';
import { readServerConnections, type ServerConnections } from './server-connections.ts';

export type DatabaseServerConfig = {
  /** A PostgreSQL server of one's own; without it the embedded one is started. */
  databaseUrl?: string;
  /** The folder of the embedded one. */
  databaseDir: string;
  /** Whether that folder may be replaced by a system folder where PostgreSQL's user cannot enter it. */
  mayMoveDatabase: boolean;
};

/**
 * The server that the configuration names, else the checkout's own, started or joined, and how many connections it allows. Throws
 * StartError with one sentence when the server that is named does not answer.
 */
export async function openDatabaseServer({ databaseUrl, databaseDir, mayMoveDatabase }: DatabaseServerConfig, log: Log) {
  if (databaseUrl !== undefined) {
    const connections = await knock(databaseUrl);
    return { url: databaseUrl, isEmbedded: false, connections, close: async () => undefined };
  }
  const { url, close } = await openEmbeddedPostgres({ dir: databaseDir, mayMove: mayMoveDatabase, log });
  try {
    return { url, isEmbedded: true, connections: await readServerConnections(url), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function knock(databaseUrl: string): Promise<ServerConnections> {
  const found = await readServerConnections(databaseUrl).catch((error) => {
    throw databaseStartError(error, databaseUrl);
  });
  const { host, port } = new pg.Client(parseDatabaseUrl(databaseUrl));
  checkPrimary(found, `The database at ${host}:${port}`);
  return found;
}
