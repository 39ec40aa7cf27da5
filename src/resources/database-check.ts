import type { Database } from '../batching/database.ts';
import { abortedAfter } from '../gateway/timeout-after-poll.ts';

/** How long the database may take to answer. */
const TIMEOUT_MS = 1000;

/** Asks whether the database answers in time and has had all of the migrations, by their names. Rejects where it does not answer. */
export function createDatabaseCheck(database: Database, migrations: readonly string[]): () => Promise<boolean> {
  const text = `select count(distinct migration_name)::int as applied from _prisma_migrations
    where finished_at is not null and rolled_back_at is null and migration_name = any($1::text[])`;
  return () =>
    abortedAfter(TIMEOUT_MS, async (signal) => {
      // Where other tools keep the database there may be no such table.
      if (migrations.length === 0) return (await database.query('select 1', [], signal)).length === 1;
      const rows = await database.query<{ applied: number }>(text, [migrations], signal);
      return rows[0]?.applied === migrations.length;
    });
}
