// SQL for Mercurius: lists at the root, and a statement for each loader, which answers all parents at once.

import pg from 'pg';
import type { CertificateRow } from './fields.ts';
import { MAX_COUNT } from './fields.ts';
import { createPool } from './pool.ts';

// A day is a day, and no moment of the machine's time zone.
pg.types.setTypeParser(pg.types.builtins.DATE, (value) => value);

const pool = createPool();
const names = new Map<string, string>();

/** Prepared: the texts are few. */
export async function query<R>(text: string, values: unknown[]): Promise<R[]> {
  const name = names.get(text) ?? `q${names.size}`;
  names.set(text, name);
  return (await pool.query({ name, text, values })).rows as R[];
}

const CERTIFICATE = `id, number, category, holder_name as "holderName", generated_at as "generatedAt", is_public as "isPublic", spa_id as "spaId",
  template_id as "templateId", issued_by_id as "issuedById"`;
const DETAILS = `course_name as "courseName", position, designation, start_date as "startDate", end_date as "endDate", joining_date as "joiningDate",
  issue_date as "issueDate", bill_date as "billDate", sheet_date as "sheetDate", salary, bill_number as "billNumber", payment_mode as "paymentMode",
  customer_address as "customerAddress", contact_number as "contactNumber", total`;
const SPA = `id, code, name, area, city, state, logo, address, pincode, phone_number as "phoneNumber", alternate_number as "alternateNumber", email, website`;
const USER = `id, username, email, first_name as "firstName", last_name as "lastName", role, is_active as "isActive", tokens_valid_from as "tokensValidFrom"`;
const HIRING = `id, for_role as "forRole", staff_required as "staffRequired", description, required_experience as "requiredExperience",
  required_education as "requiredEducation", required_skills as "requiredSkills", created_at as "createdAt"`;
const CANDIDATE = `id, first_name as "firstName", last_name as "lastName", position_applied_for as "positionAppliedFor", created_at as "createdAt", spa_id as "spaId"`;

export type Spa = { id: number; name: string };
export type User = { id: number; isActive: boolean; tokensValidFrom: Date };
export type Template = { id: number; name: string };
export type Dated = { id: number; createdAt: Date };
export type CandidateForm = Dated & { spaId: number | null };

/** A place in a list: the values that it is ordered by. */
export const encodeCursor = (values: unknown[]) => Buffer.from(JSON.stringify(values)).toString('base64url');
const decodeCursor = (cursor: string) => JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];

type Conditions = { where: string[]; values: unknown[]; after?: string | null; order: string; operator: '<' | '>'; limit: number };

/** Adds the place and the limit to a list, and reads it. A limit that is a parameter would leave the planner to guess at each request. */
function list<R>(columns: string, table: string, { where, values, after, order, operator, limit }: Conditions): Promise<R[]> {
  const conditions = [...where];
  const all = [...values];
  if (after) {
    const marks = decodeCursor(after).map((mark) => `$${all.push(mark)}`);
    conditions.push(`(${order.replaceAll(' desc', '')}) ${operator} (${marks.join(', ')})`);
  }
  return query<R>(`select ${columns} from ${table} where ${conditions.join(' and ')} order by ${order} limit ${limit}`, all);
}

export function publicCertificates(
  filter: Record<string, unknown>,
  after: string | null | undefined,
  limit: number,
): Promise<CertificateRow[]> {
  const columns: Record<string, string> = { category: 'category', spaId: 'spa_id', templateId: 'template_id' };
  const given = Object.entries(filter).filter(([, value]) => value != null);
  const where = ['is_public', ...given.map(([name], i) => `${columns[name]} = $${i + 1}`)];
  const values = given.map(([, value]) => value);
  return list(CERTIFICATE, 'certificates', { where, values, after, order: 'generated_at desc, id desc', operator: '<', limit });
}

export function spas(city: string | null | undefined, after: string | null | undefined, limit: number): Promise<Spa[]> {
  const where = city == null ? ['is_active'] : ['is_active', 'city = $1'];
  return list(SPA, 'spas', { where, values: city == null ? [] : [city], after, order: 'name, id', operator: '>', limit });
}

const GALLERY = 'is_public and is_active and ($1::certificate_category is null or category = $1)';

export const templates = (category: string | null | undefined, limit: number) =>
  query<Template>(
    `select id, name, category, variant, banner_image as "bannerImage" from certificate_templates where ${GALLERY}
     order by category, (variant is null), coalesce(variant, ''), name, id limit ${limit}`,
    [category],
  );

export async function countTemplates(category: string | null | undefined): Promise<number> {
  const text = `select count(*)::int4 as count from (select 1 from certificate_templates where ${GALLERY} limit ${MAX_COUNT + 1}) c`;
  return (await query<{ count: number }>(text, [category]))[0]?.count ?? 0;
}

export async function certificateByNumber(number: string): Promise<CertificateRow | null> {
  const [row] = await query<CertificateRow>(`select ${CERTIFICATE}, ${DETAILS} from certificates where number = $1`, [number]);
  return row ?? null;
}

const byIds = <R>(columns: string, table: string, condition = '') => {
  const text = `select ${columns} from ${table} where id = any($1) ${condition}`;
  return (ids: readonly (number | null)[]) => query<R>(text, [[...new Set(ids.filter((id) => id !== null))]]);
};
export const spasByIds = byIds<Spa>(SPA, 'spas', 'and is_active');
export const templatesByIds = byIds<Template>('id, name, variant', 'certificate_templates', 'and is_active and is_public');
export const usersByIds = byIds<User>(USER, 'users');

export type PageKey = { parent: number; limit: number };

/** The first rows of many parents: one statement with a lateral join, which reads each parent's by its index. */
const firstRows = <R>(columns: string, table: string, parent: string, order: string, condition = 'true') => {
  const sortedBy = order.replace('generated_at', '"generatedAt"').replace('created_at', '"createdAt"');
  return async (keys: readonly PageKey[]): Promise<R[][]> => {
    const limit = Math.max(...keys.map((key) => key.limit));
    const text = `select k.n::int4 - 1 as "place", r.* from unnest($1::int4[]) with ordinality k(parent, n)
      cross join lateral (select ${columns} from ${table} where ${parent} = k.parent and ${condition} order by ${order} limit ${limit}) r
      order by k.n, ${sortedBy}`;
    const rows = await query<R & { place: number }>(text, [keys.map((key) => key.parent)]);
    const pages: R[][] = keys.map(() => []);
    for (const row of rows) pages[row.place]?.push(row);
    return pages.map((page, i) => page.slice(0, keys[i]?.limit));
  };
};
const CREATED = 'created_at desc, id desc';
export const hiringFormsOfSpas = firstRows<Dated>(HIRING, 'hiring_forms', 'spa_id', CREATED);
export const candidateFormsOfUsers = firstRows<CandidateForm>(CANDIDATE, 'candidate_forms', 'submitted_by_id', CREATED);
const GENERATED = 'generated_at desc, id desc';
export const publicCertificatesOfSpas = firstRows<CertificateRow>(CERTIFICATE, 'certificates', 'spa_id', GENERATED, 'is_public');
export const certificatesOfUsers = firstRows<CertificateRow>(CERTIFICATE, 'certificates', 'issued_by_id', GENERATED);

export async function countHiringForms(spaIds: readonly number[]): Promise<number[]> {
  const text = `select (select count(*)::int4 from (select 1 from hiring_forms where spa_id = k.id limit ${MAX_COUNT + 1}) c) as count
    from unnest($1::int4[]) with ordinality k(id, n) order by k.n`;
  return (await query<{ count: number }>(text, [spaIds])).map(({ count }) => count);
}

const children = (columns: string, table: string) => (certificateId: number) =>
  query<object>(`select ${columns} from ${table} where certificate_id = $1 order by position`, [certificateId]);
export const monthsOf = children('month, amount', 'salary_months');
export const itemsOf = children('service, hsn_code as "hsnCode", quantity, rate, amount', 'invoice_items');
export const entriesOf = children(
  'client_name as "clientName", service, staff_name as "staffName", amount, payment_mode as "paymentMode"',
  'daily_sheet_entries',
);
