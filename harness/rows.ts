import pg from 'pg';

/** What PostgreSQL knows these connections by. Those of gateways begin with convoy. */
export const APPLICATION_NAME = 'harness';

/** A connection whose end is no fault: servers are killed. */
export async function connectTo(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: APPLICATION_NAME });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Rows of one statement, over a connection of its own. */
export async function rowsOf<T extends pg.QueryResultRow>(databaseUrl: string, text: string, values: unknown[] = []): Promise<T[]> {
  const client = await connectTo(databaseUrl);
  try {
    return (await client.query<T>(text, values)).rows;
  } finally {
    await client.end();
  }
}
