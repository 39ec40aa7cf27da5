import { byInt, byText, contains, equals, equalsText } from '../../batching/list-options.ts';
import { listLoader } from '../../batching/lists.ts';
import { rowLoader } from '../../batching/rows.ts';

export const spaById = rowLoader('Spa', 'id');

export const spas = listLoader('Spa', {
  byId: spaById,
  orderBy: [byText('name'), byInt('id')],
  filters: {
    city: equalsText<'Spa'>('city'),
    state: equalsText<'Spa'>('state'),
    isActive: equals<'Spa', 'isActive'>('isActive'),
    search: contains(
      `name || ' ' || coalesce(code::text, '') || ' ' || coalesce(area, '') || ' ' || coalesce(city, '') || ' ' || coalesce(state, '')`,
    ),
  },
});
