import { byEnum, byInt, byText, contains, equals, equalsText, nullsLast } from '../../batching/list-options.ts';
import { listLoader } from '../../batching/lists.ts';
import { columnsLoader, rowLoader } from '../../batching/rows.ts';
import { CertificateCategory } from '../../generated/prisma/enums.ts';

export const templateById = rowLoader('CertificateTemplate', 'id');

/** The heavy columns, read only when a client selects one of them. */
export const templateHtmlById = columnsLoader('CertificateTemplate', ['html']);
export const templateConfigById = columnsLoader('CertificateTemplate', ['config']);

export const templates = listLoader('CertificateTemplate', {
  byId: templateById,
  orderBy: [byEnum('category', CertificateCategory), ...nullsLast(byText('variant')), byText('name'), byInt('id')],
  filters: {
    category: equals<'CertificateTemplate', 'category'>('category'),
    kind: equals<'CertificateTemplate', 'kind'>('kind'),
    variant: equalsText<'CertificateTemplate'>('variant'),
    isActive: equals<'CertificateTemplate', 'isActive'>('isActive'),
    isPublic: equals<'CertificateTemplate', 'isPublic'>('isPublic'),
    search: contains('name'),
  },
});
