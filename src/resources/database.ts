import pg from 'pg';
import { StartError } from '../errors.ts';
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
  const { host, port } = new pg.Client(parseDatabaseUrl(databaseUrl));
  return await readServerConnections(databaseUrl).catch((error) => {
    const where = `The database at ${host}:${port}`;
    if (error instanceof pg.DatabaseError) throw new StartError(`${where} refuses the connection (${error.message}). Check DATABASE_URL.`);
    const { code, message } = error as NodeJS.ErrnoException;
    throw new StartError(`${where} does not answer (${code || message}). Start it, or check DATABASE_URL.`);
  });
}
