import type { ClientBase } from 'pg';
import type { CertificateCategory } from '../../src/generated/prisma/enums.ts';
import { formatCertificateNumber } from '../../src/modules/certificate/number.ts';
import { anybodyAt } from './actors.ts';
import { DETAILS } from './certificate-details.ts';
import {
  CERTIFICATES,
  type CertificateRow,
  type Children,
  DAILY_SHEET_ENTRIES,
  INVOICE_ITEMS,
  SALARY_MONTHS,
} from './certificate-tables.ts';
import { copyInto } from './copy.ts';
import { demoId } from './demo.ts';
import { FEWEST_TEMPLATES, type Plan } from './plan.ts';
import { Random } from './random.ts';
import { FIRST_SPAS, type SeededSpa, spaAt } from './spas.ts';
import { templateOf } from './templates.ts';
import { at, CLOSED, dayOfMoment, type Moment, momentOf, OPENED, timestamp } from './time.ts';

// Certificates are copied in portions, each followed by the rows that hang on it: memory does not grow with the scale.
const PORTION = 5_000;

const SHARES: readonly (readonly [CertificateCategory, number])[] = [
  ['INVOICE_SPA_BILL', 0.35],
  ['ID_CARD', 0.2],
  ['SPA_THERAPIST', 0.2],
  ['MANAGER_SALARY', 0.1],
  ['OFFER_LETTER', 0.05],
  ['EXPERIENCE_LETTER', 0.04],
  ['APPOINTMENT_LETTER', 0.03],
  ['DAILY_SHEET', 0.03],
];

/** The first certificates are the demo user's and the demo manager's, of every category in turn, and the same at every scale. */
const OF_THE_DEMO = SHARES.length * 6;

/** Copies all certificates and what hangs on them; says after each portion how many certificates there are. Returns the number of all rows. */
export async function copyCertificates(
  client: ClientBase,
  plan: Plan,
  spas: readonly SeededSpa[],
  onCopied: (done: number) => void,
): Promise<number> {
  let rows = 0;
  for (let first = 1; first <= plan.certificates; first += PORTION) {
    const last = Math.min(first + PORTION - 1, plan.certificates);
    const children: Children = { salaryMonths: [], invoiceItems: [], dailySheetEntries: [] };
    rows += await copyInto(client, CERTIFICATES, certificateRows(first, last, plan, spas, children));
    rows += await copyInto(client, SALARY_MONTHS, children.salaryMonths);
    rows += await copyInto(client, INVOICE_ITEMS, children.invoiceItems);
    rows += await copyInto(client, DAILY_SHEET_ENTRIES, children.dailySheetEntries);
    onCopied(last);
  }
  return rows;
}

function* certificateRows(
  first: number,
  last: number,
  plan: Plan,
  spas: readonly SeededSpa[],
  children: Children,
): Generator<CertificateRow> {
  for (let id = first; id <= last; id++) {
    const random = new Random(plan.seed, CERTIFICATES.name, id);
    const facts = id <= OF_THE_DEMO ? demoFacts(id, spas, random) : ordinaryFacts(id, plan, spas, random);
    const { category, generated } = facts;
    const spa = hasSpa(category, random) ? facts.spa : undefined;
    yield {
      ...DETAILS[category]({ id, day: dayOfMoment(generated), spa, random, children }),
      id,
      number: formatCertificateNumber(category, new Date(generated).getUTCFullYear(), id),
      category,
      template_id: facts.templateId,
      spa_id: spa?.id,
      issued_by_id: facts.issuedById,
      is_public: facts.isPublic,
      generated_at: timestamp(generated),
      spa_snapshot: spa?.snapshot,
    };
  }
}

type Facts = {
  category: CertificateCategory;
  generated: Moment;
  spa: SeededSpa;
  templateId: number;
  issuedById: number;
  isPublic: boolean;
};

function ordinaryFacts(id: number, plan: Plan, spas: readonly SeededSpa[], random: Random): Facts {
  const category = random.weighted(SHARES);
  const generated = momentOf(id - OF_THE_DEMO - 1, plan.certificates - OF_THE_DEMO, OPENED + 1, CLOSED, random);
  return {
    category,
    generated,
    spa: spaAt(generated, spas, random),
    templateId: templateOf(category, plan.templates, random),
    issuedById: anybodyAt(generated, plan, random),
    isPublic: random.chance(0.6),
  };
}

/** Eight of the user's, eight of the manager's, and so on, all on the opening day; two rounds in three are public. */
function demoFacts(id: number, spas: readonly SeededSpa[], random: Random): Facts {
  const round = Math.floor((id - 1) / SHARES.length);
  const [category] = SHARES[(id - 1) % SHARES.length] as (typeof SHARES)[number];
  return {
    category,
    generated: at(OPENED, id / (OF_THE_DEMO + 1)),
    spa: spas[random.int(1, FIRST_SPAS) - 1] as SeededSpa,
    templateId: templateOf(category, FEWEST_TEMPLATES, random),
    issuedById: demoId(round % 2 === 0 ? 'USER' : 'SPA_MANAGER'),
    isPublic: round < 4,
  };
}

function hasSpa(category: CertificateCategory, random: Random): boolean {
  return category !== 'SPA_THERAPIST' && (category !== 'OFFER_LETTER' || random.chance(0.7));
}
