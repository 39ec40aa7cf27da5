import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';

/** Counts, ten times a second, what the server sees of a gateway. */
export async function sampling(databaseUrl: string) {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'convoy tests' });
  client.on('error', () => undefined);
  await client.connect();
  const counts: number[] = [];
  let isOver = false;
  const loop = (async () => {
    while (!isOver) {
      const { rows } = await client.query<{ count: number }>(
        `select count(*)::int from pg_stat_activity
         where datname = current_database() and backend_type = 'client backend' and application_name <> 'convoy tests'`,
      );
      counts.push(rows[0]?.count ?? 0);
      await wait(100);
    }
    await client.end();
  })();
  return {
    counts,
    stop: async () => {
      isOver = true;
      await loop;
    },
  };
}
