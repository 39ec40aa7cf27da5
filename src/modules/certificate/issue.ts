import { BadUserInput, Conflict, type InputIssue, NotFound } from '../../errors.ts';
import type { Prisma } from '../../generated/prisma/client.ts';
import type { CertificateCategory, Role } from '../../generated/prisma/enums.ts';
import type { Db, Transaction } from '../../resources/prisma.ts';
import { isMissingRecord, uniqueViolation } from '../../resources/prisma-errors.ts';
import { hasRole, STAFF } from '../user/roles.ts';
import { type Category, categories } from './categories.ts';
import { today } from './dates.ts';
import { dailySheetEntries, type EntryInput, type ItemInput, invoiceItems, type MonthInput, salaryMonths } from './lines.ts';
import type { Money } from './money.ts';
import { formatCertificateNumber } from './number.ts';
import { snapshotOf } from './spa-snapshot.ts';

type Details = Readonly<Record<string, unknown>>;
type Issuer = { id: number; role: Role };

export type IssueCertificate = {
  templateId: number;
  spaId?: number | null;
  holderName?: string | null;
  isPublic?: boolean | null;
  /** One member, named like a category's `member`. */
  details: Readonly<Record<string, Details | null | undefined>>;
};

/** Issues a certificate and returns its id. Throws BadUserInput for a rule that is broken, or Conflict for a bill number that is taken. */
export async function issueCertificate(prisma: Db, issuer: Issuer, input: IssueCertificate): Promise<number> {
  const { name, category, details } = categoryOf(input);
  const path = ['input', 'details', category.member];
  const isStaff = hasRole(issuer, STAFF);

  try {
    return await prisma.$transaction(async (tx) => {
      await checkTemplate(tx, input.templateId, name, isStaff);
      const spa = await spaOf(tx, input.spaId, category, isStaff);
      const holderName = input.holderName ?? (category.holder === 'spa' ? spa?.name : undefined);
      check([
        ...(holderName ? [] : [{ path: ['input', 'holderName'], message: `Name the ${category.holder}.` }]),
        ...brokenRules(category, details, path),
      ]);
      const [{ sequence }] = await tx.$queryRaw<[{ sequence: bigint }]>`select nextval('certificate_number_seq') as sequence`;
      const generatedAt = new Date();
      const { id } = await tx.certificate.create({
        data: {
          number: formatCertificateNumber(name, today(generatedAt).getUTCFullYear(), sequence),
          category: name,
          templateId: input.templateId,
          spaId: spa?.id ?? null,
          spaSnapshot: spa ? snapshotOf(spa) : undefined,
          holderName: holderName ?? '',
          issuedById: issuer.id,
          isPublic: input.isPublic ?? false,
          generatedAt,
          ...columnsOf(category, details),
          ...linesOf(category, details, path, generatedAt),
        },
        select: { id: true },
      });
      return id;
    });
  } catch (error) {
    if (uniqueViolation(error) === 'certificates_spa_id_bill_number_key') {
      throw new Conflict('billNumber', 'The spa has a bill of this number already.');
    }
    // They were there when they were checked, and were deleted since.
    if (isMissingRecord(error)) throw new NotFound('template or spa');
    throw error;
  }
}

function categoryOf({ details }: IssueCertificate) {
  for (const [name, category] of Object.entries(categories)) {
    const given = details[category.member];
    if (given) return { name: name as CertificateCategory, category, details: given };
  }
  throw new BadUserInput([{ path: ['input', 'details'], message: 'Give the details of one category.' }]);
}

async function checkTemplate(tx: Transaction, id: number, category: CertificateCategory, isStaff: boolean): Promise<void> {
  const template = await tx.certificateTemplate.findUnique({ where: { id }, select: { category: true, isActive: true, isPublic: true } });
  if (!template || !(isStaff || (template.isActive && template.isPublic))) throw new NotFound('template');
  if (template.category !== category)
    throw new BadUserInput([{ path: ['input', 'templateId'], message: 'The template is for another category.' }]);
}

async function spaOf(tx: Transaction, spaId: number | null | undefined, { spa: rule }: Category, isStaff: boolean) {
  const path = ['input', 'spaId'];
  if (spaId == null) {
    if (rule === 'required') throw new BadUserInput([{ path, message: 'A certificate of this category names a spa.' }]);
    return null;
  }
  if (rule === 'none') throw new BadUserInput([{ path, message: 'A certificate of this category names no spa.' }]);
  const spa = await tx.spa.findUnique({ where: { id: spaId } });
  if (!spa || !(spa.isActive || isStaff)) throw new NotFound('spa');
  return spa;
}

function brokenRules({ details: specs, forward }: Category, details: Details, path: string[]): InputIssue[] {
  const issues: InputIssue[] = [];
  if (forward) {
    const [start, end] = forward;
    if ((details[end] as Date) < (details[start] as Date)) issues.push({ path: [...path, end], message: `${end} is before ${start}.` });
  }
  if (specs.cardLastFour && details.cardNumber != null && details.paymentMode !== 'CARD') {
    issues.push({ path: [...path, 'cardNumber'], message: 'Only a bill that is paid by card has a card number.' });
  }
  return issues;
}

function check(issues: readonly InputIssue[]): void {
  if (issues.length > 0) throw new BadUserInput(issues);
}

/** The columns that the details fill. Of a card number, the last four digits. */
function columnsOf(category: Category, details: Details): Partial<Prisma.CertificateUncheckedCreateInput> {
  const columns = Object.entries(category.details).map(([name, { column, kind, inputName = name, default: fallback }]) => {
    const value = details[inputName] ?? fallback ?? (column === 'issueDate' ? today() : null);
    return [column, kind === 'card' && typeof value === 'string' ? value.slice(-4) : value];
  });
  return Object.fromEntries(columns);
}

function linesOf({ lines }: Category, details: Details, path: string[], at: Date): Partial<Prisma.CertificateUncheckedCreateInput> {
  if (lines === 'months') {
    const months = salaryMonths(
      details.months as MonthInput[] | null,
      details.monthlySalary as Money,
      details.joiningDate as Date,
      today(at),
      [...path, 'months'],
    );
    return { salaryMonths: { create: months } };
  }
  if (lines === 'items') {
    const { items, total } = invoiceItems(details.items as ItemInput[], [...path, 'items']);
    return { total, invoiceItems: { create: items } };
  }
  if (lines === 'entries') {
    const { entries, total } = dailySheetEntries(details.entries as EntryInput[], [...path, 'entries']);
    return { total, dailySheetEntries: { create: entries } };
  }
  return {};
}
