import { byInt, byTime, contains, equals, type Filter, matchesText } from '../../batching/list-options.ts';
import { listLoader } from '../../batching/lists.ts';
import { rowLoader } from '../../batching/rows.ts';
import { searchForm } from '../../gateway/data/normal-forms.ts';

export const hiringFormById = rowLoader('HiringForm', 'id');

const inCity: Filter<string> = {
  sql: (column, city) => `exists (select 1 from spas where spas.id = ${column('spaId')} and ${matchesText('spas.city', city)})`,
  type: { sql: 'text' },
  reads: ['Spa'],
  encode: searchForm,
};

/** Openings at a spa that is closed are for staff. */
const atActiveSpa: Filter<boolean> = {
  sql: (column) => `exists (select 1 from spas where spas.id = ${column('spaId')} and spas.is_active)`,
  type: { sql: 'boolean' },
  reads: ['Spa'],
};

export const hiringForms = listLoader('HiringForm', {
  byId: hiringFormById,
  orderBy: [byTime('createdAt'), byInt('id')],
  isDescending: true,
  filters: {
    spaId: equals<'HiringForm', 'spaId'>('spaId'),
    city: inCity,
    atActiveSpa,
    search: contains(`for_role || ' ' || description`),
  },
});
