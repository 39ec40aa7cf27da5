// The lines of an invoice and of a daily sheet.

import type { DAILY_SHEET_ENTRIES, INVOICE_ITEMS } from './certificate-tables.ts';
import type { RowOf } from './copy.ts';
import { amountOf, type Paise, rupees } from './money.ts';
import { fullName, personIn, type Region } from './names.ts';
import type { Random } from './random.ts';
import { PAYMENT_MODES, SERVICES } from './trade.ts';

const QUANTITIES_IN_TENTHS = [
  [10, 0.74],
  [20, 0.14],
  [30, 0.03],
  [15, 0.06],
  [5, 0.03],
] as const;
const REMARKS = ['Regular guest', 'First visit', 'Membership', 'Discount 10 %', 'Tip included', 'Home service'];

export function invoiceItems(certificateId: number, random: Random): { rows: RowOf<typeof INVOICE_ITEMS>[]; total: Paise } {
  const rows: RowOf<typeof INVOICE_ITEMS>[] = [];
  let total = 0;
  const count = random.int(3, 8);
  for (let position = 1; position <= count; position++) {
    const [service, hsnCode, usual] = random.pick(SERVICES);
    const tenths = random.weighted(QUANTITIES_IN_TENTHS);
    const rate = rateFrom(usual, random);
    const amount = amountOf(tenths, rate);
    total += amount;
    rows.push({
      certificate_id: certificateId,
      position,
      service,
      hsn_code: random.chance(0.85) ? hsnCode : null,
      quantity: tenths / 10,
      rate: rupees(rate),
      amount: rupees(amount),
    });
  }
  return { rows, total };
}

export function sheetEntries(
  certificateId: number,
  region: Region,
  random: Random,
): { rows: RowOf<typeof DAILY_SHEET_ENTRIES>[]; total: Paise } {
  const rows: RowOf<typeof DAILY_SHEET_ENTRIES>[] = [];
  let total = 0;
  const count = random.int(3, 8);
  for (let position = 1; position <= count; position++) {
    const [service, , usual] = random.pick(SERVICES);
    const amount = rateFrom(usual, random);
    total += amount;
    rows.push({
      certificate_id: certificateId,
      position,
      client_name: fullName(personIn(region, random)),
      service,
      staff_name: fullName(personIn('northeast', random, 80)),
      amount: rupees(amount),
      payment_mode: random.weighted(PAYMENT_MODES),
      remark: random.chance(0.2) ? random.pick(REMARKS) : null,
    });
  }
  return { rows, total };
}

/** The usual rate, or one that this spa has set: some of them end in paise, as rates do that contain the tax. */
function rateFrom(usualRupees: number, random: Random): Paise {
  const usual = Math.round(usualRupees * 100);
  if (random.chance(0.6)) return usual;
  const percent = random.int(80, 130);
  return random.chance(0.7) ? Math.round((usual * percent) / 1_000_000) * 10_000 + 9_900 : Math.round((usual * percent) / 118);
}
