import { atLeast, below, byInt, byTime, contains, equals } from '../../batching/list-options.ts';
import { listLoader } from '../../batching/lists.ts';
import { childrenLoader, columnsLoader, countLoader, rowLoader } from '../../batching/rows.ts';

export const certificateById = rowLoader('Certificate', 'id');
export const certificateByNumber = rowLoader('Certificate', 'number');
export const certificateCountByUserId = countLoader('Certificate', 'issuedById');
export const spaSnapshotById = columnsLoader('Certificate', ['spaSnapshot']);

export const salaryMonthsByCertificateId = childrenLoader('SalaryMonth', 'certificateId', 'position');
export const invoiceItemsByCertificateId = childrenLoader('InvoiceItem', 'certificateId', 'position');
export const entriesByCertificateId = childrenLoader('DailySheetEntry', 'certificateId', 'position');

export const certificates = listLoader('Certificate', {
  byId: certificateById,
  orderBy: [byTime('generatedAt'), byInt('id')],
  isDescending: true,
  filters: {
    category: equals<'Certificate', 'category'>('category'),
    spaId: equals<'Certificate', 'spaId'>('spaId'),
    templateId: equals<'Certificate', 'templateId'>('templateId'),
    issuedById: equals<'Certificate', 'issuedById'>('issuedById'),
    generatedAfter: atLeast<'Certificate', 'generatedAt'>('generatedAt'),
    generatedBefore: below<'Certificate', 'generatedAt'>('generatedAt'),
    search: contains(`holder_name || ' ' || number`),
  },
});
