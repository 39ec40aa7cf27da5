// The interface Certificate, and the eight types behind it, made in one loop from the table of categories.

import { type MaybePromise, when } from '../../batching/maybe-promise.ts';
import { NotFound } from '../../errors.ts';
import type { PaymentMode } from '../../generated/prisma/enums.ts';
import { builder } from '../../graphql/builder.ts';
import { cacheFor } from '../../graphql/cache-hints.ts';
import { connectionOf } from '../../graphql/connections.ts';
import type { Context } from '../../graphql/context.ts';
import { costs } from '../../graphql/cost-hints.ts';
import { edgeBy } from '../../graphql/edges.ts';
import { asNode } from '../../graphql/nodes.ts';
import type { Row } from '../../resources/models.ts';
import { spaById } from '../spa/loaders.ts';
import { visibleSpa } from '../spa/policy.ts';
import { Spa } from '../spa/schema.ts';
import { templateById } from '../template/loaders.ts';
import { visibleTemplate } from '../template/policy.ts';
import { Template } from '../template/schema.ts';
import { userById } from '../user/loaders.ts';
import { visibleUser } from '../user/policy.ts';
import { User } from '../user/schema.ts';
import { categories, type Detail } from './categories.ts';
import { durationBetween } from './dates.ts';
import { CertificateCategoryRef, PaymentModeRef } from './inputs.ts';
import { DailySheetEntry, InvoiceItem, SalaryMonth } from './line-types.ts';
import {
  type Details,
  detailsById,
  entriesByCertificateId,
  invoiceItemsByCertificateId,
  salaryMonthsByCertificateId,
  spaSnapshotById,
} from './loaders.ts';
import { inWords, type Money } from './money.ts';
import { maySeeContactData, visibleCertificateById } from './policy.ts';
import type { SpaSnapshot } from './spa-snapshot.ts';

type CertificateRow = Row<'Certificate'>;

const SpaSnapshotRef = builder.objectRef<SpaSnapshot>('SpaSnapshot').implement({
  description: 'What was printed of a spa when a certificate was issued. Later changes of the spa do not change it.',
  extensions: cacheFor('inherit'),
  fields: (t) => ({
    code: t.exposeInt('code', { nullable: true, description: 'The code of the spa.' }),
    ...Object.fromEntries(
      (['address', 'area', 'city', 'state', 'pincode', 'phoneNumber', 'email', 'website', 'logo'] as const).map((field) => [
        field,
        t.exposeString(field, { nullable: true, description: `As printed: the ${field.replace('phoneNumber', 'phone number')}.` }),
      ]),
    ),
    name: t.exposeString('name', { description: 'The name of the spa.' }),
    country: t.exposeString('country', { description: 'The country of the spa.' }),
  }),
});

export const Certificate = builder.prismaInterface('Certificate', {
  description: 'A document that the company has issued. Each category is a type of its own.',
  extensions: cacheFor({ maxAgeSeconds: 60 }),
  interfaces: [builder.nodeInterfaceRef()],
  // A newer version may have stored a category that this one does not know. No type has its name, which the error tells then.
  resolveType: ({ category }) => categories[category]?.type ?? category,
});

builder.prismaInterfaceFields(Certificate, (t) => ({
  number: t.exposeString('number', { description: 'Printed on the certificate; anybody verifies it by this.' }),
  category: t.expose('category', { type: CertificateCategoryRef, description: 'Tells the type.' }),
  holderName: t.exposeString('holderName', { description: 'Who it is for; on a daily sheet, the spa.' }),
  generatedAt: t.expose('generatedAt', { type: 'DateTime', description: 'When it was issued.' }),
  isPublic: t.exposeBoolean('isPublic', { description: 'Whether everybody may find and verify it.' }),
  spa: t.field({
    type: Spa,
    nullable: true,
    description: 'The spa as it is today; null when it is gone, or closed and the viewer no staff.',
    extensions: edgeBy(spaById, 'spaId'),
    resolve: ({ spaId }, _args, ctx) => visibleSpa(ctx, spaId),
  }),
  spaSnapshot: t.field({
    type: SpaSnapshotRef,
    nullable: true,
    description: 'The spa as it was printed.',
    extensions: costs({ weight: 0.25 }),
    resolve: async ({ id }, _args, ctx) => ((await spaSnapshotById(ctx).load(id))?.spaSnapshot ?? null) as SpaSnapshot | null,
  }),
  template: t.field({
    type: Template,
    nullable: true,
    description: 'The template that it is printed with; null when it is gone, or the viewer may not see it.',
    extensions: edgeBy(templateById, 'templateId'),
    resolve: ({ templateId }, _args, ctx) => visibleTemplate(ctx, templateId),
  }),
  issuedBy: t.field({
    type: User,
    nullable: true,
    description: 'Who issued it; null when the user is gone.',
    extensions: edgeBy(userById, 'issuedById'),
    // A public certificate names its issuer to everybody: see visibleUser.
    resolve: ({ issuedById, isPublic }, _args, ctx) =>
      isPublic && issuedById !== null ? userById(ctx).load(issuedById) : visibleUser(ctx, issuedById),
  }),
}));

const types = Object.values(categories).map((category) => ({
  category,
  Type: builder.prismaObject('Certificate', {
    variant: category.type,
    interfaces: [Certificate],
    description: category.description,
    extensions: cacheFor({ maxAgeSeconds: 60 }),
  }),
}));

for (const type of types) {
  addDetails(type);
  addComputed(type);
  addLines(type);
  asNode(type.Type, type.category.type, async (ctx, id) => {
    const certificate = await visibleCertificateById(ctx, id);
    return certificate && categories[certificate.category] === type.category ? certificate : null;
  });
}

type CategoryType = (typeof types)[number];

/** Throws NotFound for a certificate that was deleted after its row was read. */
const detailsOf = (ctx: Context, { id }: CertificateRow): MaybePromise<Details> =>
  when(detailsById(ctx).load(id), (details) => {
    if (!details) throw new NotFound('certificate');
    return details;
  });

function addDetails({ category, Type }: CategoryType): void {
  builder.prismaObjectFields(Type, (t) => {
    const field = ({ column, kind, isRequired, isNullable, default: fallback, description }: Detail) => {
      const nullable = isNullable || !(isRequired || fallback || column === 'issueDate');
      const read =
        <V>() =>
        (row: CertificateRow, _args: object, ctx: Context) =>
          when(detailsOf(ctx, row), (details) => details[column] as V);
      if (kind === 'date') return t.field({ type: 'Date', nullable, description, resolve: read<Date>() });
      if (kind === 'money') return t.field({ type: 'Decimal', nullable, description, resolve: read<Money>() });
      if (kind === 'paymentMode') return t.field({ type: PaymentModeRef, nullable, description, resolve: read<PaymentMode>() });
      const resolve = read<string>();
      if (kind === 'text' || kind === 'reference' || kind === 'longText') return t.string({ nullable, description, resolve });
      return t.string({ nullable: true, authScopes: maySeeContactData, unauthorizedResolver: () => null, description, resolve });
    };
    return Object.fromEntries(Object.entries(category.details).map(([name, detail]) => [name, field(detail)]));
  });
}

function addComputed({ category: { details }, Type }: CategoryType): void {
  if ('monthlySalary' in details) {
    builder.prismaObjectFields(Type, (t) => ({
      monthlySalaryInWords: t.string({
        description: 'The monthly salary in words, in lakh and crore.',
        resolve: (row, _args, ctx) => when(detailsOf(ctx, row), ({ salary }) => inWords(salary as Money)),
      }),
    }));
  }
  if ('joiningDate' in details && 'endDate' in details) {
    builder.prismaObjectFields(Type, (t) => ({
      duration: t.string({
        description:
          'The time worked, both days included: `2 years 3 months 1 day`. A month ends on the same day of the next, or on its last day where it has no such day, by the rule of `diff` of Luxon.',
        resolve: (row, _args, ctx) =>
          when(detailsOf(ctx, row), ({ joiningDate, endDate }) => durationBetween(joiningDate as Date, endDate as Date)),
      }),
    }));
  }
}

function addLines({ category: { lines }, Type }: CategoryType): void {
  if (lines === 'months') {
    builder.prismaObjectFields(Type, (t) => ({
      months: t.field({
        type: [SalaryMonth],
        description: 'What was paid, month by month.',
        resolve: ({ id }, _args, ctx) => salaryMonthsByCertificateId(ctx).load(id),
      }),
    }));
  }
  if (lines === 'items') {
    builder.prismaObjectFields(Type, (t) => ({
      items: t.field({
        type: [InvoiceItem],
        description: 'The lines of the bill.',
        resolve: ({ id }, _args, ctx) => invoiceItemsByCertificateId(ctx).load(id),
      }),
      subtotal: t.field({
        type: 'Decimal',
        description: 'The sum of the items, in INR.',
        resolve: (row, _args, ctx) => when(detailsOf(ctx, row), ({ total }) => total as Money),
      }),
      amountInWords: t.string({
        description: 'The sum in words, in lakh and crore.',
        resolve: (row, _args, ctx) => when(detailsOf(ctx, row), ({ total }) => inWords(total as Money)),
      }),
    }));
  }
  if (lines === 'entries') {
    builder.prismaObjectFields(Type, (t) => ({
      entries: t.field({
        type: [DailySheetEntry],
        description: 'The clients of the day.',
        resolve: ({ id }, _args, ctx) => entriesByCertificateId(ctx).load(id),
      }),
      total: t.field({
        type: 'Decimal',
        description: 'What the day has earned, in INR.',
        resolve: (row, _args, ctx) => when(detailsOf(ctx, row), ({ total }) => total as Money),
      }),
    }));
  }
}

export const CertificateConnection = connectionOf(Certificate, 'Certificate', 'certificates');
