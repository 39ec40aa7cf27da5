// The database that a gateway without DATABASE_URL starts and keeps in a folder, as somebody beside the gateway sees it.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { signal } from './processes.ts';
import type { Rows } from './written.ts';

/** `dir`: DATABASE_DIR. */
export function embeddedDatabase(dir: string) {
  /** Line 1 is its process, line 4 its port. */
  const lines = () => readFileSync(path.join(dir, 'data/postmaster.pid'), 'utf8').split('\n');
  const rows: Rows = async <T extends object>(text: string, values: unknown[] = []) => {
    const password = readFileSync(path.join(dir, 'password'), 'utf8');
    const client = new pg.Client({ connectionString: `postgresql://convoy:${password}@127.0.0.1:${lines()[3]}/convoy` });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<T & pg.QueryResultRow>(text, values)).rows;
    } finally {
      await client.end();
    }
  };
  return {
    rows,
    /** Of its first process. Throws where it has none. */
    pid: () => Number(lines()[0]),
    /** Ends it where its gateway has not. */
    end: () => {
      try {
        signal([Number(lines()[0])], 'SIGQUIT');
      } catch {
        // It was stopped, and its file removed.
      }
    },
  };
}
