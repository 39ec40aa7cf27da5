// Fields that need no data beyond their row, the same for every peer that writes resolvers: ids, days, amounts in words, and who sees
// what of a row. Rows have Prisma's names.

import { Prisma } from '../../src/generated/prisma/client.ts';
import { categories } from '../../src/modules/certificate/categories.ts';
import { durationBetween } from '../../src/modules/certificate/dates.ts';
import { inWords } from '../../src/modules/certificate/money.ts';
import { encodeId } from '../load/ids.ts';

export type Viewing = { token: { userId: number } | null };

export type CertificateRow = {
  id: number;
  category: keyof typeof categories;
  spaId: number | null;
  templateId: number | null;
  issuedById: number | null;
  isPublic: boolean;
  generatedAt: Date;
};
type Wide = CertificateRow & Record<string, unknown>;

/** node-postgres gives text here, Prisma a moment. */
const day = (value: unknown): string => (value instanceof Date ? value.toISOString().slice(0, 10) : String(value));
const words = (amount: unknown): string => inWords(new Prisma.Decimal(String(amount)));

const idField = (typename: string) => ({ id: ({ id }: { id: number }) => encodeId(typename, id) });
const dayField = (name: string) => (row: Record<string, unknown>) => day(row[name]);
const column = (name: string) => (row: Record<string, unknown>) => row[name];
const forIssuer =
  (name: string) =>
  (row: Wide, _args: object, { token }: Viewing) =>
    token?.userId === row.issuedById ? row[name] : null;

export const typenameOf = ({ category }: { category: keyof typeof categories }): string => categories[category].type;

export const fields = {
  Certificate: { resolveType: typenameOf },
  Node: { resolveType: (row: Partial<CertificateRow>) => (row.category ? typenameOf({ category: row.category }) : 'Spa') },
  Spa: idField('Spa'),
  CertificateTemplate: idField('CertificateTemplate'),
  HiringForm: idField('HiringForm'),
  CandidateForm: idField('CandidateForm'),
  User: idField('User'),
  Issuer: idField('User'),
  SalaryMonth: { month: dayField('month') },
  SpaTherapistCertificate: { ...idField('SpaTherapistCertificate'), startDate: dayField('startDate'), endDate: dayField('endDate') },
  ManagerSalaryCertificate: {
    ...idField('ManagerSalaryCertificate'),
    joiningDate: dayField('joiningDate'),
    monthlySalary: column('salary'),
    monthlySalaryInWords: (row: Wide) => words(row.salary),
  },
  OfferLetter: { ...idField('OfferLetter'), joiningDate: dayField('startDate') },
  ExperienceLetter: {
    ...idField('ExperienceLetter'),
    joiningDate: dayField('joiningDate'),
    endDate: dayField('endDate'),
    duration: (row: Wide) => durationBetween(new Date(day(row.joiningDate)), new Date(day(row.endDate))),
  },
  AppointmentLetter: { ...idField('AppointmentLetter'), startDate: dayField('startDate') },
  Invoice: {
    ...idField('Invoice'),
    billDate: dayField('billDate'),
    customerAddress: forIssuer('customerAddress'),
    subtotal: column('total'),
    amountInWords: (row: Wide) => words(row.total),
  },
  IdCard: {
    ...idField('IdCard'),
    dateOfJoining: dayField('joiningDate'),
    issueDate: dayField('issueDate'),
    contactNumber: forIssuer('contactNumber'),
  },
  DailySheet: { ...idField('DailySheet'), sheetDate: dayField('sheetDate') },
} as const;

export const CERTIFICATE_TYPES = Object.values(categories).map(({ type }) => type);

/** A connection out of one row more than was asked for. */
export function pageOf<R>(rows: readonly R[], first: number, cursorOf: (row: R) => string, hasPreviousPage = false) {
  const shown = rows.slice(0, first);
  const edges = shown.map((node) => ({ node, cursor: cursorOf(node) }));
  return {
    edges,
    pageInfo: {
      hasNextPage: rows.length > first,
      hasPreviousPage,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

export const MAX_COUNT = 10_000;
export const totalCount = (counted: number) => ({ value: Math.min(counted, MAX_COUNT), isExact: counted <= MAX_COUNT });
