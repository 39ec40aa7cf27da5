import type { InputRef } from '@pothos/core';
import { z } from 'zod';
import { CertificateCategory, PaymentMode } from '../../generated/prisma/enums.ts';
import { builder } from '../../graphql/builder.ts';
import { anyId, idOf } from '../../graphql/ids.ts';
import { filePath, line, money, paragraph, phone, quantity, reference, searchText } from '../../graphql/validation.ts';
import { type Category, categories } from './categories.ts';

export const CertificateCategoryRef = builder.enumType(CertificateCategory, {
  name: 'CertificateCategory',
  description: 'What a certificate certifies.',
});
export const PaymentModeRef = builder.enumType(PaymentMode, { name: 'PaymentMode', description: 'How something is paid.' });

const cardNumber = reference()
  .overwrite((value) => value.replaceAll(/[\s-]/g, ''))
  .refine((value) => /^\d{4,19}$/.test(value), 'A card number has 4 to 19 digits.');

/** How each kind of text is checked. */
const texts = {
  text: line(),
  reference: reference(),
  longText: paragraph(),
  contact: paragraph(500),
  phone,
  file: filePath,
  card: cardNumber,
};

const SalaryMonthInput = builder.inputType('SalaryMonthInput', {
  description: 'What was paid for a month.',
  fields: (t) => ({
    month: t.field({ type: 'Date', required: true, description: 'Any day of the month.' }),
    amount: t.field({ type: 'Decimal', required: true, validate: money, description: 'In INR.' }),
  }),
});

const InvoiceItemInput = builder.inputType('InvoiceItemInput', {
  description: 'A line of an invoice. Its amount is computed: quantity x rate, to the paisa.',
  fields: (t) => ({
    service: t.string({ required: true, validate: line(), description: 'What was sold.' }),
    hsnCode: t.string({
      validate: reference().regex(/^\d{4,8}$/, 'An HSN code has 4 to 8 digits.'),
      description: 'The HSN or SAC code of the service.',
    }),
    quantity: t.field({ type: 'Decimal', required: true, validate: quantity, description: 'How many, up to three decimals.' }),
    rate: t.field({ type: 'Decimal', required: true, validate: money, description: 'The price of one, in INR.' }),
  }),
});

const DailySheetEntryInput = builder.inputType('DailySheetEntryInput', {
  description: 'A client of the day.',
  fields: (t) => ({
    clientName: t.string({ required: true, validate: line(), description: 'Who came.' }),
    service: t.string({ required: true, validate: line(), description: 'What they came for.' }),
    staffName: t.string({ required: true, validate: line(), description: 'Who served them.' }),
    amount: t.field({ type: 'Decimal', required: true, validate: money, description: 'What they paid, in INR.' }),
    paymentMode: t.field({ type: PaymentModeRef, required: true, description: 'How they paid.' }),
    remark: t.string({ validate: paragraph(500), description: 'Anything worth noting.' }),
  }),
});

const some = (most: number) => z.array(z.unknown()).min(1, 'At least one.').max(most, `At most ${most}.`);

/** The input of one category, from its row in the table. */
function detailsInput(category: Category): InputRef<Record<string, unknown>> {
  return builder.inputType(`${category.type.replace(/Certificate$/, '')}Details`, {
    description: category.description,
    fields: (t) => ({
      ...Object.fromEntries(
        Object.entries(category.details).map(([name, { inputName = name, kind, isRequired: required = false, description }]) => {
          if (kind === 'date') return [inputName, t.field({ type: 'Date', required, description })];
          if (kind === 'money') return [inputName, t.field({ type: 'Decimal', required, validate: money, description })];
          if (kind === 'paymentMode') return [inputName, t.field({ type: PaymentModeRef, required, description })];
          const kept = kind === 'card' ? 'The number of the card; only its last four digits are kept.' : description;
          return [inputName, t.string({ required, validate: texts[kind], description: kept })];
        }),
      ),
      ...(category.lines === 'months' && {
        months: t.field({
          type: [SalaryMonthInput],
          validate: some(24),
          description: 'What was paid, month by month; the last six, each with monthlySalary, by default.',
        }),
      }),
      ...(category.lines === 'items' && {
        items: t.field({ type: [InvoiceItemInput], required: true, validate: some(100), description: 'What was sold: 1 to 100.' }),
      }),
      ...(category.lines === 'entries' && {
        entries: t.field({
          type: [DailySheetEntryInput],
          required: true,
          validate: some(200),
          description: 'The clients of the day: 1 to 200.',
        }),
      }),
    }),
  }) as InputRef<Record<string, unknown>>;
}

const CertificateDetails = builder.inputType('CertificateDetailsInput', {
  description: 'The details of one category: give exactly one member, and it decides the category.',
  isOneOf: true,
  fields: (t) =>
    Object.fromEntries(
      Object.values(categories).map((category) => [
        category.member,
        t.field({ type: detailsInput(category), description: category.description }),
      ]),
    ),
});

export const IssueCertificateInput = builder.inputType('IssueCertificateInput', {
  description: 'A certificate to issue.',
  fields: (t) => ({
    templateId: t
      .id({ required: true, description: 'The template that it is printed with, of the same category.' })
      .validate(idOf('CertificateTemplate')),
    spaId: t
      .id({ description: 'The spa that it names. Needed for all categories but spa therapists, which name none, and offer letters.' })
      .validate(idOf('Spa').nullish()),
    holderName: t.string({ validate: line(), description: 'Who it is for. Needed for all categories but daily sheets.' }),
    isPublic: t.boolean({ defaultValue: false, description: 'Whether everybody may find and verify it.' }),
    details: t.field({ type: CertificateDetails, required: true, description: 'What it certifies.' }),
  }),
});

export const CertificateFilter = builder.inputType('CertificateFilter', {
  description: 'Which certificates a list has: those that meet every condition given.',
  fields: (t) => ({
    category: t.field({ type: CertificateCategoryRef, description: 'Of this category.' }),
    spaId: t.id({ description: 'Of this spa.' }).validate(idOf('Spa').nullish()),
    templateId: t.id({ description: 'Printed with this template.' }).validate(idOf('CertificateTemplate').nullish()),
    generatedAfter: t.field({ type: 'DateTime', description: 'Issued at this moment or later.' }),
    generatedBefore: t.field({ type: 'DateTime', description: 'Issued before this moment.' }),
    search: t.string({ validate: searchText, description: 'Part of the holder’s name or of the number.' }),
  }),
});

/** The id of a certificate: its number, and the category that its type says, which must be the certificate's own. */
export const certificateId = anyId.transform(({ typename, id }, check) => {
  const found = Object.entries(categories).find(([, { type }]) => type === typename);
  if (found) return { id, category: found[0] as CertificateCategory };
  check.addIssue(`This is the id of a ${typename}, not of a certificate.`);
  return z.NEVER;
});
