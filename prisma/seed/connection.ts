import type { Client, DatabaseError } from 'pg';
import { StartError } from '../../src/errors.ts';
import { databaseStartError } from '../../src/gateway/data/postgres/database-start-error.ts';
import { SessionClient } from '../../src/gateway/data/postgres/session-client.ts';
import { parseDatabaseUrl } from '../../src/resources/database-url.ts';

/** A connection of one's own for the work. The seed may take longer than a gateway's statement may: no limit holds here. */
export async function withClient<T>(databaseUrl: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new SessionClient({ ...parseDatabaseUrl(databaseUrl), statement_timeout: 0, application_name: 'convoy seed' });
  // A connection that is lost fails the statement under way; without a listener it would end the process as well.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw databaseStartError(error, databaseUrl);
  }
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

export async function inTransaction<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    await client.query(`set local lock_timeout = '30s'`);
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    // 55P03: lock_not_available
    if ((error as DatabaseError).code === '55P03')
      throw new StartError('Another connection has been writing to the tables for half a minute: end it and try again.');
    throw error;
  }
}
