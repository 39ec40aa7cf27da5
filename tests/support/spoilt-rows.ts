// Rows of contents that the schema of GraphQL has no place for, as a newer version, another program or a broken import may have left them.

import { rowsOf } from './database.ts';

/** A value of each enum that no version of this gateway knows. */
const NEW_VALUES = { certificate_category: 'GIFT_CARD', payment_mode: 'BARTER', role: 'AUDITOR', template_kind: 'VIDEO' };

/** By column: what is written into some of its rows. */
export const SPOILS: readonly [column: string, value: string][] = [
  ['certificates.category', `'GIFT_CARD'`],
  ['certificates.payment_mode', `'BARTER'`],
  ['daily_sheet_entries.payment_mode', `'BARTER'`],
  ['users.role', `'AUDITOR'`],
  ['certificate_templates.category', `'GIFT_CARD'`],
  ['certificate_templates.kind', `'VIDEO'`],
  ['certificates.number', 'null'],
  ['certificates.holder_name', 'null'],
  ['certificates.category', 'null'],
  ['certificates.is_public', 'null'],
  ['certificates.generated_at', 'null'],
  ['certificates.position', 'null'],
  ['spas.name', 'null'],
  ['spas.version', 'null'],
  ['users.first_name', 'null'],
  ['hiring_forms.staff_required', 'null'],
  ['certificate_templates.config', 'null'],
  ['salary_months.amount', 'null'],
  ['invoice_items.quantity', `'NaN'`],
  ['certificates.total', `'NaN'`],
  ['certificates.start_date', `'infinity'`],
  ['certificates.issue_date', `'0044-03-15 BC'`],
  ['spas.created_at', `'infinity'`],
  ['certificates.generated_at', `'-infinity'`],
  ['users.last_login_at', `'20000-01-01'`],
  ['certificates.spa_snapshot', `'{"name": {"a": 1}, "country": 5, "code": "twelve", "city": [], "state": true}'`],
  ['certificates.spa_snapshot', `'"a text"'`],
  ['certificates.spa_snapshot', `'[]'`],
  ['certificate_templates.config', `'[1, {"a": null}]'`],
];

const DROP_CHECKS = `do $$ declare one record; begin
  for one in select conrelid::regclass as place, conname from pg_constraint
    where contype = 'c' and connamespace = 'public'::regnamespace and conrelid <> 0 loop
    execute format('alter table %s drop constraint %I', one.place, one.conname);
  end loop;
end $$`;

/** Makes room in a database for what its tables forbid. */
export async function allowSpoils(databaseUrl: string): Promise<void> {
  const values = Object.entries(NEW_VALUES).map(([type, value]) => `alter type ${type} add value '${value}'`);
  const columns = SPOILS.map(([place]) => place.split('.')).map(
    ([table, column]) => `alter table ${table} alter column ${column} drop not null`,
  );
  await rowsOf(databaseUrl, [...values, DROP_CHECKS, ...columns].join(';'));
}

/** Spoils a column in one of three rows of its table, other ones for each `salt`. */
export async function spoil(databaseUrl: string, [place, value]: (typeof SPOILS)[number], salt: number): Promise<void> {
  const [table, column] = place.split('.');
  await rowsOf(databaseUrl, `update ${table} set ${column} = ${value} where (hashtext(${table}.ctid::text) # hashint4(${salt})) % 3 = 0`);
}
