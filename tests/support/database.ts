import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { inject } from 'vitest';
import { connectTo } from '../../harness/rows.ts';
import { seed } from '../../prisma/seed/seed.ts';

export { rowsOf } from '../../harness/rows.ts';

export const TEMPLATES = { migrated: 'convoy_template', seeded: 'convoy_template_seeded' };

/** The demo data that the seeded template holds. */
export const SEEDED_SCALE = 0.01;
/** Any number, as long as nothing else locks it. */
const TEMPLATE_LOCK = 20_261_123;

export type DatabaseOptions = {
  /** Demo data in it, at this scale; 0.01 costs no more than none. Default none. */
  seedScale?: number;
  /** Default true; false leaves it without tables. */
  isMigrated?: boolean;
};

/** A database of the caller's own. `drop` ends whatever is still connected to it. */
export async function createDatabase({ seedScale, isMigrated = true }: DatabaseOptions = {}) {
  const adminUrl = inject('adminUrl');
  const name = `convoy_test_${inject('runId')}_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  const template = seedScale === SEEDED_SCALE ? TEMPLATES.seeded : TEMPLATES.migrated;
  const source = isMigrated ? template : 'template0';
  // The write-ahead log lies on the disk: a copy of files writes less of it than a copy of blocks.
  const clone = `create database ${name} template ${source} tablespace ${inject('tablespace')} strategy file_copy`;
  await withAdmin(adminUrl, (admin) => admin.query(clone));
  const url = databaseUrl(adminUrl, name);
  if (seedScale !== undefined && seedScale !== SEEDED_SCALE) await seed(url, { scale: seedScale });
  return {
    url,
    drop: async () => {
      await withAdmin(adminUrl, (admin) => admin.query(`drop database if exists ${name} with (force)`));
    },
  };
}

/** A connection to the server's own database, alone: templates are made, cloned and dropped one after the other. */
export async function withAdmin<T>(adminUrl: string, work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = await connectTo(adminUrl);
  try {
    await admin.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    return await work(admin);
  } finally {
    await admin.end();
  }
}

/** The same server's database of another name. */
export function databaseUrl(url: string, name: string): string {
  return Object.assign(new URL(url), { pathname: `/${name}` }).toString();
}
