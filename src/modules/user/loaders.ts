import { tagsOfValue } from '../../batching/dependencies.ts';
import { byInt, byTime, contains, equals } from '../../batching/list-options.ts';
import { listLoader } from '../../batching/lists.ts';
import { batchLoader } from '../../batching/request-loaders.ts';
import { rowLoader } from '../../batching/rows.ts';

export const userById = rowLoader('User', 'id');

export const users = listLoader('User', {
  byId: userById,
  orderBy: [byTime('createdAt'), byInt('id')],
  isDescending: true,
  filters: {
    role: equals<'User', 'role'>('role'),
    isActive: equals<'User', 'isActive'>('isActive'),
    search: contains(`first_name || ' ' || last_name || ' ' || username::text || ' ' || email::text`),
  },
});

/** Whether a user has issued a certificate that everybody may see, and so is named to everybody. */
export const hasIssuedPublicly = batchLoader<number, boolean>(
  'issuers of public certificates',
  async (db, ids) => {
    const rows = await db.query<{ id: number }>(
      'select asked.id from unnest($1::int4[]) as asked (id) where exists (select 1 from certificates where is_public and issued_by_id = asked.id)',
      [ids],
    );
    const issuers = new Set(rows.map(({ id }) => id));
    return ids.map((id) => issuers.has(id));
  },
  (db, id) => tagsOfValue(db, 'Certificate', 'issuedById', id),
);
