// Somebody who listens to what changes in a database, and somebody else who writes to it.

import pg from 'pg';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { createLog } from '../../src/log.ts';
import { openChanges } from '../../src/resources/changes.ts';
import { createDatabase, SEEDED_SCALE } from './database.ts';

type Options = {
  /** A database that the test may spoil; default the file's. */
  isOwn?: boolean;
  /** Leads the listener another way to the database. */
  through?: (databaseUrl: string) => string;
  options?: Parameters<typeof openChanges>[2];
};

/** For the top of a file: its tests listen to one seeded database. */
export function listeningToOneDatabase() {
  let shared: Awaited<ReturnType<typeof createDatabase>>;
  beforeAll(async () => {
    shared = await createDatabase({ seedScale: SEEDED_SCALE });
  });
  afterAll(() => shared.drop());

  return async function aListener({ isOwn = false, through = (url) => url, options = {} }: Options = {}) {
    const database = isOwn ? await createDatabase({ seedScale: SEEDED_SCALE }) : shared;
    if (isOwn) onTestFinished(database.drop);
    const logged: { level: number; msg: string }[] = [];
    const log = createLog({ destination: { write: (line: string) => void logged.push(JSON.parse(line)) } });
    const { changes, close } = await openChanges(through(database.url), log, options);
    onTestFinished(close);
    const writer = await aWriter(database.url);
    const batches: (readonly string[])[] = [];
    const gaps: boolean[] = [];
    changes.subscribe({ onChange: (tags) => batches.push(tags), onGap: () => gaps.push(changes.isConnected) });
    /** The tags of what `sql` changes, sorted. */
    const tagsOf = async (sql: string) => {
      await changes.barrier();
      batches.length = 0;
      await writer.query(sql);
      await changes.barrier();
      return batches.flat().sort();
    };
    return { changes, close, writer, batches, gaps, logged, tagsOf, databaseUrl: database.url };
  };
}

export async function aWriter(databaseUrl: string): Promise<pg.Client> {
  const writer = new pg.Client({ connectionString: databaseUrl, application_name: 'convoy tests' });
  writer.on('error', () => undefined);
  await writer.connect();
  onTestFinished(() => writer.end());
  return writer;
}

const HIRE =
  'insert into hiring_forms (id, spa_id, for_role, staff_required, description, required_experience, required_education, required_skills, updated_at)';

let lastId = 1_000_000;
/** An id that no row has, in this file. */
export const freshId = () => ++lastId;

/** The SQL that adds so many hiring forms, with the ids from `id` on. */
export const hire = (id: number, spaId: number, count = 1) =>
  `${HIRE} select ${id} + i, ${spaId}, 'Therapist', 2, '', '', '', '', now() from generate_series(0, ${count - 1}) i`;
