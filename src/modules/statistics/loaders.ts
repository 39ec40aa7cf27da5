// Counts over whole tables, each one statement. They are loaders, so that aliases of a field share it.

import { batchLoader } from '../../batching/request-loaders.ts';
import type { CertificateCategory } from '../../generated/prisma/enums.ts';

export type CategoryCount = { category: CertificateCategory; count: number };
export type CertificatesOf = { id: number; count: number };
export type FormsOf = { id: number; candidateForms: number; hiringForms: number; total: number };

/** Certificates by category, the largest first. The key is always the same: there is one answer. */
export const certificatesByCategory = batchLoader<'all', CategoryCount[]>('certificates by category', async (db, keys) => {
  const rows = await db.query<CategoryCount>(
    'select category, count(*)::int4 as count from certificates group by category order by count desc, category',
    [],
  );
  return keys.map(() => rows);
});

export const formTotals = batchLoader<'all', { candidateForms: number; hiringForms: number }>('forms', async (db, keys) => {
  const [totals] = await db.query<{ candidateForms: number; hiringForms: number }>(
    `select (select count(*)::int4 from candidate_forms) as "candidateForms", (select count(*)::int4 from hiring_forms) as "hiringForms"`,
    [],
  );
  return keys.map(() => totals ?? { candidateForms: 0, hiringForms: 0 });
});

/** The parents with the most of something: the largest number that is asked for is read once, and cut for the others. */
const topLoader = <R extends object>(name: string, text: string) =>
  batchLoader<number, R[]>(name, async (db, limits) => {
    const rows = await db.query<R>(text, [Math.max(...limits)]);
    return limits.map((limit) => rows.slice(0, limit));
  });

const certificatesBy = (column: string) =>
  `select ${column}::int4 as id, count(*)::int4 as count from certificates where ${column} is not null group by ${column} order by count desc, id limit $1::int4`;

export const topSpasByCertificates = topLoader<CertificatesOf>('spas by certificates', certificatesBy('spa_id'));
export const topUsersByCertificates = topLoader<CertificatesOf>('users by certificates', certificatesBy('issued_by_id'));

const formsBy = (candidateColumn: string, hiringColumn: string) =>
  `select id::int4, sum(c)::int4 as "candidateForms", sum(h)::int4 as "hiringForms", sum(c + h)::int4 as total from (
     select ${candidateColumn} as id, count(*) as c, 0 as h from candidate_forms where ${candidateColumn} is not null group by 1
     union all
     select ${hiringColumn}, 0, count(*) from hiring_forms where ${hiringColumn} is not null group by 1
   ) forms group by id order by total desc, id limit $1::int4`;

export const topSpasByForms = topLoader<FormsOf>('spas by forms', formsBy('spa_id', 'spa_id'));
export const topUsersByForms = topLoader<FormsOf>('users by forms', formsBy('submitted_by_id', 'posted_by_id'));
