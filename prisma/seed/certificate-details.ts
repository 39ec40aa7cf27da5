import type { CertificateCategory } from '../../src/generated/prisma/enums.ts';
import { invoiceItems, sheetEntries } from './certificate-lines.ts';
import type { CertificateRow, Children } from './certificate-tables.ts';
import { CITIES, homeAddress, mobile, placeIn } from './cities.ts';
import { rupees, salary } from './money.ts';
import { fullName, personIn, type Region } from './names.ts';
import type { Random } from './random.ts';
import type { SeededSpa } from './spas.ts';
import { date, financialYear, monthBefore } from './time.ts';
import { COURSES, PAYMENT_MODES, POSITIONS } from './trade.ts';

/** `day`: when the certificate is issued. `children`: where the rows that hang on it are put. */
export type Making = { id: number; day: number; spa: SeededSpa | undefined; random: Random; children: Children };

const SALARY_MONTHS_SHOWN = 6;
const NOTES = [
  'Performance was consistently good and guests asked for them by name.',
  'Sincere, punctual and skilled in all standard therapies.',
  'Handled the front desk and the team with care.',
  'Conduct and character were good throughout the service.',
];

/** What is particular to each category, with the columns that its CHECK asks for. */
export const DETAILS: Record<CertificateCategory, (making: Making) => CertificateRow> = {
  SPA_THERAPIST: ({ id, day, random }) => {
    const end = day - random.int(0, 20);
    return {
      holder_name: holder(random.pick(CITIES).region, random),
      course_name: random.pick(COURSES),
      start_date: date(end - random.pick([15, 30, 45, 60, 90, 180])),
      end_date: date(end),
      photo: picture(id, 'photo.jpg', 0.8, random),
      signature: picture(id, 'signature.png', 0.7, random),
    };
  },

  MANAGER_SALARY: ({ id, day, spa, random, children }) => {
    const amount = salary(random, 28_000, 75_000);
    for (let position = 1; position <= SALARY_MONTHS_SHOWN; position++) {
      const month = monthBefore(day, SALARY_MONTHS_SHOWN + 1 - position);
      const paid = random.chance(0.08) ? amount - random.int(1, 6) * 50_000 : amount;
      children.salaryMonths.push({ certificate_id: id, position, month, amount: rupees(paid) });
    }
    return {
      holder_name: holder(spa?.city.region, random),
      position: 'Manager',
      joining_date: date(day - random.int(200, 2500)),
      salary: rupees(amount),
    };
  },

  OFFER_LETTER: ({ id, day, spa, random }) => ({
    holder_name: holder(spa?.city.region, random),
    ...employment(random),
    start_date: date(day + random.int(3, 30)),
    signature: picture(id, 'signature.png', 0.7, random),
  }),

  EXPERIENCE_LETTER: ({ day, spa, random }) => {
    const end = day - random.int(0, 30);
    const { salary: lastSalary, position } = employment(random);
    return {
      holder_name: holder(spa?.city.region, random),
      position,
      joining_date: date(end - random.int(90, 2000)),
      end_date: date(end),
      salary: random.chance(0.6) ? lastSalary : null,
      performance_note: random.chance(0.7) ? random.pick(NOTES) : null,
    };
  },

  APPOINTMENT_LETTER: ({ id, day, spa, random }) => ({
    holder_name: holder(spa?.city.region, random),
    ...employment(random),
    start_date: date(day + random.int(0, 15)),
    signature: picture(id, 'signature.png', 0.7, random),
  }),

  INVOICE_SPA_BILL: ({ id, day, spa, random, children }) => {
    const billDay = random.chance(0.9) ? day : day - random.int(1, 3);
    const mode = random.weighted(PAYMENT_MODES);
    const { rows, total } = invoiceItems(id, random);
    children.invoiceItems.push(...rows);
    return {
      holder_name: holder(spa?.city.region, random),
      bill_number: `${spa?.row.code ?? 'B'}/${financialYear(billDay)}/${String(id).padStart(6, '0')}`,
      bill_date: date(billDay),
      payment_mode: mode,
      card_last_four: mode === 'CARD' ? random.digits(4) : null,
      customer_address: spa && random.chance(0.3) ? homeAddress(placeIn(spa.city, random), random) : null,
      total: rupees(total),
    };
  },

  ID_CARD: ({ id, day, spa, random }) => ({
    holder_name: holder(spa?.city.region, random),
    designation: random.pick(POSITIONS)[0],
    joining_date: date(day - random.int(0, 900)),
    issue_date: date(day),
    contact_number: mobile(random),
    photo: picture(id, 'photo.jpg', 0.9, random),
  }),

  DAILY_SHEET: ({ id, day, spa, random, children }) => {
    const region = spa?.city.region ?? 'north';
    const { rows, total } = sheetEntries(id, region, random);
    children.dailySheetEntries.push(...rows);
    return { holder_name: spa?.name, sheet_date: date(day), total: rupees(total) };
  },
};

const holder = (region: Region | undefined, random: Random) => fullName(personIn(region ?? 'north', random));

function employment(random: Random) {
  const [position, minRupees, maxRupees] = random.pick(POSITIONS);
  return { position, salary: rupees(salary(random, minRupees, maxRupees)) };
}

function picture(id: number, name: string, share: number, random: Random): string | null {
  return random.chance(share) ? `/media/certificates/${id}/${name}` : null;
}
