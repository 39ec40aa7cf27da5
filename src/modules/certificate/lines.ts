import { BadUserInput, type InputIssue } from '../../errors.ts';
import type { Prisma } from '../../generated/prisma/client.ts';
import type { PaymentMode } from '../../generated/prisma/enums.ts';
import { firstOfMonth, lastSixMonths } from './dates.ts';
import { amountOf, MAX_MONEY, type Money, sumOf } from './money.ts';

export type MonthInput = { month: Date; amount: Money };
export type ItemInput = { service: string; hsnCode?: string | null; quantity: Money; rate: Money };
export type EntryInput = {
  clientName: string;
  service: string;
  staffName: string;
  amount: Money;
  paymentMode: PaymentMode;
  remark?: string | null;
};

/** The salary months of a certificate: those given, else the last six with the same salary. */
export function salaryMonths(
  given: readonly MonthInput[] | null | undefined,
  salary: Money,
  joiningDate: Date,
  day: Date,
  path: InputIssue['path'],
) {
  const months = given ?? lastSixMonths(day, joiningDate).map((month) => ({ month, amount: salary }));
  const named = new Set(months.map(({ month }) => firstOfMonth(month).getTime()));
  if (named.size < months.length) throw new BadUserInput([{ path, message: 'Name each month once.' }]);
  return months.map(({ month, amount }, position) => ({ position, month: firstOfMonth(month), amount }));
}

/** The items of an invoice with their amounts, and the sum. */
export function invoiceItems(given: readonly ItemInput[], path: InputIssue['path']) {
  const items = given.map((item, position) => ({ ...item, position, amount: amountOf(item.quantity, item.rate) }));
  return { items, total: totalOf(items, path) };
}

/** The entries of a daily sheet, and the sum. */
export function dailySheetEntries(given: readonly EntryInput[], path: InputIssue['path']) {
  const entries = given.map((entry, position) => ({ ...entry, position }));
  return { entries, total: totalOf(entries, path) };
}

function totalOf(lines: readonly { amount: Prisma.Decimal }[], path: InputIssue['path']): Money {
  const total = sumOf(lines.map(({ amount }) => amount));
  if (total.gt(MAX_MONEY)) throw new BadUserInput([{ path, message: `The sum is more than ${MAX_MONEY.toFixed(2)}.` }]);
  return total;
}
