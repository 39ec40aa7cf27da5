import { omittedColumns } from '../../../prisma/omitted-columns.ts';
import { atLeast, below, byInt, byTime, contains, equals } from '../../batching/list-options.ts';
import { listLoader } from '../../batching/lists.ts';
import { when } from '../../batching/maybe-promise.ts';
import type { HasLoaders } from '../../batching/request-loaders.ts';
import { childrenLoader, columnsLoader, countLoader, rowLoader } from '../../batching/rows.ts';
import type { Model } from '../../resources/models.ts';

export const certificateById = rowLoader('Certificate', 'id');
/** What differs between the categories: nothing of it is in a row. */
const { spaSnapshot: _, ...details } = omittedColumns.certificate;
const DETAILS = Object.keys(details) as (keyof typeof details)[];
export type Details = Pick<Model<'Certificate'>, keyof typeof details>;
export const detailsById = columnsLoader('Certificate', DETAILS);
const certificateByNumber = rowLoader('Certificate', 'number', DETAILS);

/** The certificate of a number. Who verifies one sees it whole: its details come with it. */
export const verifiedCertificate = (ctx: HasLoaders, number: string) =>
  when(certificateByNumber(ctx).load(number), (certificate) => {
    if (certificate) detailsById(ctx).prime(certificate.id, certificate);
    return certificate;
  });

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
