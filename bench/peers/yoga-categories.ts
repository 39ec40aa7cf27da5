// The eight types behind a certificate, each with what it shows.

import { durationBetween } from '../../src/modules/certificate/dates.ts';
import { inWords } from '../../src/modules/certificate/money.ts';
import { builder, Payment } from './yoga-builder.ts';
import { Certificate } from './yoga-types.ts';

const interfaces = [Certificate];
const byPosition = { orderBy: { position: 'asc' } } as const;

builder.prismaObject('SalaryMonth', {
  fields: (t) => ({ month: t.expose('month', { type: 'Date' }), amount: t.expose('amount', { type: 'Decimal' }) }),
});
builder.prismaObject('InvoiceItem', {
  fields: (t) => ({
    service: t.exposeString('service'),
    hsnCode: t.exposeString('hsnCode', { nullable: true }),
    quantity: t.expose('quantity', { type: 'Decimal' }),
    rate: t.expose('rate', { type: 'Decimal' }),
    amount: t.expose('amount', { type: 'Decimal' }),
  }),
});
builder.prismaObject('DailySheetEntry', {
  fields: (t) => ({
    clientName: t.exposeString('clientName'),
    service: t.exposeString('service'),
    staffName: t.exposeString('staffName'),
    amount: t.expose('amount', { type: 'Decimal' }),
    paymentMode: t.expose('paymentMode', { type: Payment }),
  }),
});

builder.prismaObject('Certificate', {
  variant: 'SpaTherapistCertificate',
  interfaces,
  fields: (t) => ({
    courseName: t.exposeString('courseName', { nullable: true }),
    startDate: t.expose('startDate', { type: 'Date', nullable: true }),
    endDate: t.expose('endDate', { type: 'Date', nullable: true }),
  }),
});
builder.prismaObject('Certificate', {
  variant: 'ManagerSalaryCertificate',
  interfaces,
  fields: (t) => ({
    position: t.exposeString('position', { nullable: true }),
    joiningDate: t.expose('joiningDate', { type: 'Date', nullable: true }),
    monthlySalary: t.expose('salary', { type: 'Decimal', nullable: true }),
    monthlySalaryInWords: t.string({
      nullable: true,
      select: { salary: true },
      resolve: ({ salary }) => salary && inWords(salary),
    }),
    months: t.relation('salaryMonths', { query: byPosition }),
  }),
});
builder.prismaObject('Certificate', {
  variant: 'OfferLetter',
  interfaces,
  fields: (t) => ({
    position: t.exposeString('position', { nullable: true }),
    joiningDate: t.expose('startDate', { type: 'Date', nullable: true }),
    salary: t.expose('salary', { type: 'Decimal', nullable: true }),
  }),
});
builder.prismaObject('Certificate', {
  variant: 'ExperienceLetter',
  interfaces,
  fields: (t) => ({
    position: t.exposeString('position', { nullable: true }),
    joiningDate: t.expose('joiningDate', { type: 'Date', nullable: true }),
    endDate: t.expose('endDate', { type: 'Date', nullable: true }),
    salary: t.expose('salary', { type: 'Decimal', nullable: true }),
    duration: t.string({
      nullable: true,
      select: { joiningDate: true, endDate: true },
      resolve: ({ joiningDate, endDate }) => joiningDate && endDate && durationBetween(joiningDate, endDate),
    }),
  }),
});
builder.prismaObject('Certificate', {
  variant: 'AppointmentLetter',
  interfaces,
  fields: (t) => ({
    position: t.exposeString('position', { nullable: true }),
    startDate: t.expose('startDate', { type: 'Date', nullable: true }),
    salary: t.expose('salary', { type: 'Decimal', nullable: true }),
  }),
});
builder.prismaObject('Certificate', {
  variant: 'Invoice',
  interfaces,
  fields: (t) => ({
    billNumber: t.exposeString('billNumber', { nullable: true }),
    billDate: t.expose('billDate', { type: 'Date', nullable: true }),
    paymentMode: t.expose('paymentMode', { type: Payment, nullable: true }),
    customerAddress: t.string({
      nullable: true,
      select: { customerAddress: true },
      resolve: ({ customerAddress, issuedById }, _args, { token }) => (token?.userId === issuedById ? customerAddress : null),
    }),
    items: t.relation('invoiceItems', { query: byPosition }),
    subtotal: t.expose('total', { type: 'Decimal', nullable: true }),
    amountInWords: t.string({ nullable: true, select: { total: true }, resolve: ({ total }) => total && inWords(total) }),
  }),
});
builder.prismaObject('Certificate', {
  variant: 'IdCard',
  interfaces,
  fields: (t) => ({
    designation: t.exposeString('designation', { nullable: true }),
    dateOfJoining: t.expose('joiningDate', { type: 'Date', nullable: true }),
    contactNumber: t.string({
      nullable: true,
      select: { contactNumber: true },
      resolve: ({ contactNumber, issuedById }, _args, { token }) => (token?.userId === issuedById ? contactNumber : null),
    }),
    issueDate: t.expose('issueDate', { type: 'Date', nullable: true }),
  }),
});
builder.prismaObject('Certificate', {
  variant: 'DailySheet',
  interfaces,
  fields: (t) => ({
    sheetDate: t.expose('sheetDate', { type: 'Date', nullable: true }),
    entries: t.relation('dailySheetEntries', { query: byPosition }),
    total: t.expose('total', { type: 'Decimal', nullable: true }),
  }),
});
