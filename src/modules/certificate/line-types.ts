import { builder } from '../../graphql/builder.ts';
import { cacheFor } from '../../graphql/cache-hints.ts';
import { PaymentModeRef } from './inputs.ts';

export const SalaryMonth = builder.prismaObject('SalaryMonth', {
  description: 'What was paid for a month.',
  extensions: cacheFor('inherit'),
  fields: (t) => ({
    month: t.expose('month', { type: 'Date', description: 'The first day of the month.' }),
    amount: t.expose('amount', { type: 'Decimal', description: 'In INR.' }),
  }),
});

export const InvoiceItem = builder.prismaObject('InvoiceItem', {
  description: 'A line of an invoice.',
  extensions: cacheFor('inherit'),
  fields: (t) => ({
    service: t.exposeString('service', { description: 'What was sold.' }),
    hsnCode: t.exposeString('hsnCode', { nullable: true, description: 'The HSN or SAC code of the service.' }),
    quantity: t.expose('quantity', { type: 'Decimal', description: 'How many.' }),
    rate: t.expose('rate', { type: 'Decimal', description: 'The price of one, in INR.' }),
    amount: t.expose('amount', { type: 'Decimal', description: 'quantity x rate, to the paisa, in INR.' }),
  }),
});

export const DailySheetEntry = builder.prismaObject('DailySheetEntry', {
  description: 'A client of the day.',
  extensions: cacheFor('inherit'),
  fields: (t) => ({
    clientName: t.exposeString('clientName', { description: 'Who came.' }),
    service: t.exposeString('service', { description: 'What they came for.' }),
    staffName: t.exposeString('staffName', { description: 'Who served them.' }),
    amount: t.expose('amount', { type: 'Decimal', description: 'What they paid, in INR.' }),
    paymentMode: t.field({ type: PaymentModeRef, description: 'How they paid.', resolve: ({ paymentMode }) => paymentMode }),
    remark: t.exposeString('remark', { nullable: true, description: 'Anything worth noting.' }),
  }),
});
