import type { Client } from 'pg';
import { StartError } from '../../src/errors.ts';
import { hashPassword } from '../../src/modules/user/password.ts';
import { CANDIDATE_FORMS, candidateFormRows } from './candidate-forms.ts';
import { CERTIFICATES, DAILY_SHEET_ENTRIES, INVOICE_ITEMS, SALARY_MONTHS } from './certificate-tables.ts';
import { copyCertificates } from './certificates.ts';
import { inTransaction, withClient } from './connection.ts';
import { copyInto, type RowOf, type Table } from './copy.ts';
import { demoPassword, demoSignIns } from './demo.ts';
import { HIRING_FORMS, hiringFormRows } from './hiring-forms.ts';
import { type Plan, planOf } from './plan.ts';
import { makeSpas, SPAS } from './spas.ts';
import { TEMPLATES, templateRows } from './templates.ts';
import { USERS, userRows } from './users.ts';

export type SeedOptions = {
  /** Multiplies what there is at scale 1: 200,000 certificates, 2,000 users, 300 spas. More than 0, at most 100. */
  scale: number;
  /** Another seed, other data. A whole number, 0 to 4294967295, default 1. */
  seed?: number;
  /** `done` of `total` rows are in, without those that hang on certificates; `what` names the kind that has grown. */
  onProgress?: (done: number, total: number, what: string) => void;
};

const WITH_IDS: readonly Table[] = [USERS, TEMPLATES, SPAS, CANDIDATE_FORMS, HIRING_FORMS, CERTIFICATES];
const TABLES: readonly Table[] = [...WITH_IDS, SALARY_MONTHS, INVOICE_ITEMS, DAILY_SHEET_ENTRIES];
const ALL_TABLES = TABLES.map(({ name }) => name).join(', ');

// Fixed, so that the same hash comes out each time.
const SALT = Buffer.from('convoy demo salt');

/** Fills an empty, migrated database, entirely or not at all. Returns the number of rows. Throws StartError where there are rows already. */
export async function seed(databaseUrl: string, { scale, seed = 1, onProgress = () => undefined }: SeedOptions): Promise<number> {
  const plan = planOf(scale, seed);
  const passwordHash = await hashPassword(demoPassword, SALT);
  return await withClient(databaseUrl, async (client) => {
    const rows = await inTransaction(client, async () => {
      await claim(client);
      const copied = await copyAll(client, plan, passwordHash, onProgress);
      await setSequences(client, plan.certificates);
      return copied;
    });
    // The gateway counts and plans by the statistics, and reads indexes alone where VACUUM has marked the pages.
    await client.query(`vacuum (analyze) ${ALL_TABLES}`);
    return rows;
  });
}

/** Whether a migrated database holds nothing yet. */
export async function isEmpty(databaseUrl: string): Promise<boolean> {
  return await withClient(databaseUrl, async (client) => !(await holdsRows(client, TABLES)));
}

/** Whether the first users are the demo's, and not somebody's own. */
export async function holdsDemoUsers(databaseUrl: string): Promise<boolean> {
  const known = demoSignIns.map(({ username }, i) => `${i + 1} ${username} ${username}@convoy.example`);
  const text = `select 1 from users where id || ' ' || username || ' ' || email = any($1)`;
  return await withClient(databaseUrl, async (client) => (await client.query(text, [known])).rowCount === known.length);
}

/** Deletes all rows of the domain, and begins all ids at 1 again. */
export async function reset(databaseUrl: string): Promise<void> {
  await withClient(databaseUrl, (client) =>
    inTransaction(client, async () => {
      await client.query(`truncate ${ALL_TABLES} restart identity`);
      await client.query('alter sequence certificate_number_seq restart');
    }),
  );
}

/** Keeps other writers out until the commit, two seeds apart for one; readers go on, and see an empty database. */
async function claim(client: Client): Promise<void> {
  await client.query('set local synchronous_commit = off');
  // The search indexes are written in fewer, larger steps.
  await client.query(`set local gin_pending_list_limit = '64MB'`);
  await client.query(`set local work_mem = '64MB'`);
  await client.query(`lock table ${ALL_TABLES} in share row exclusive mode`);
  if (await holdsRows(client, TABLES))
    throw new StartError('The database holds data already: `npm run db:seed -- --reset` deletes all of it and seeds anew.');
}

async function holdsRows(client: Client, tables: readonly Table[]): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>(
    `select ${tables.map(({ name }) => `exists (select from ${name})`).join(' or ')} as found`,
  );
  return rows[0]?.found === true;
}

async function copyAll(
  client: Client,
  plan: Plan,
  passwordHash: string,
  onProgress: NonNullable<SeedOptions['onProgress']>,
): Promise<number> {
  const total = plan.users + plan.templates + plan.spas + plan.candidateForms + plan.hiringForms + plan.certificates;
  const spas = makeSpas(plan);
  let copied = 0;
  async function copy<T extends Table>(table: T, rows: Iterable<RowOf<T>>, what: string): Promise<void> {
    copied += await copyInto(
      client,
      table,
      counted(rows, (count) => onProgress(copied + count, total, what)),
    );
  }
  await copy(USERS, userRows(plan, passwordHash), 'users');
  await copy(TEMPLATES, templateRows(plan), 'templates');
  await copy(
    SPAS,
    spas.map(({ row }) => row),
    'spas',
  );
  await copy(CANDIDATE_FORMS, candidateFormRows(plan, spas), 'candidate forms');
  await copy(HIRING_FORMS, hiringFormRows(plan, spas), 'hiring forms');
  const before = copied;
  return before + (await copyCertificates(client, plan, spas, (done) => onProgress(before + done, total, 'certificates')));
}

function* counted<T>(rows: Iterable<T>, onCount: (count: number) => void): Generator<T> {
  let count = 0;
  for (const row of rows) {
    yield row;
    if (++count % 1000 === 0) onCount(count);
  }
  onCount(count);
}

/** Last of all: a sequence keeps its value when the transaction fails. */
async function setSequences(client: Client, certificates: number): Promise<void> {
  for (const { name } of WITH_IDS)
    await client.query(`select setval(pg_get_serial_sequence('${name}', 'id'), (select max(id) from ${name}))`);
  await client.query(`select setval('certificate_number_seq', $1)`, [certificates]);
}
