import { StartError } from '../../../errors.ts';
import type { DescribedTable } from './describe-tables.ts';

/** Runs a statement, as `pg.Pool` does. */
export type Query = <R extends object>(text: string, values: unknown[]) => Promise<{ rows: R[] }>;

type Found = {
  table: string;
  user: string;
  /** Where unqualified names find it; null where they find none. */
  schema: string | null;
  /** Where there are tables of this name, with or without leave to enter. */
  elsewhere: string[];
  unreadable: string[];
  /** Columns whose type is in a schema that is not searched: its operators are not found, and comparisons mean something else. */
  hidden: string[];
  withoutDefault: string[];
  denied: string[];
  /** Of its columns, those that its user may not count with. */
  sequences: string[];
};

const TABLES = `select m.name as "table", current_user as "user", n.nspname as schema,
  array(select e.nspname::text from pg_class o join pg_namespace e on e.oid = o.relnamespace
    where o.relname = m.name and o.relkind in ('r', 'p', 'v', 'm', 'f') and e.nspname !~ '^pg_') as elsewhere,
  array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    and not has_column_privilege(c.oid, a.attnum, 'select')) as unreadable,
  array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    and not pg_type_is_visible(a.atttypid)) as hidden,
  array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    and not a.atthasdef and a.attidentity = '') as "withoutDefault",
  array(select privilege from unnest(array['insert', 'update']) privilege where not has_any_column_privilege(c.oid, privilege))
    || array(select privilege from unnest(array['delete']) privilege where not has_table_privilege(c.oid, privilege)) as denied,
  array(select s.relname::text from pg_depend d join pg_class s on s.oid = d.objid where d.refobjid = c.oid and d.deptype = 'a'
    and case when s.relkind = 'S' then not has_sequence_privilege(s.oid, 'usage') end) as sequences
  from unnest($1::text[]) m(name) left join pg_class c on c.oid = to_regclass(quote_ident(m.name)) and c.relkind in ('r', 'p', 'v', 'm', 'f')
    left join pg_namespace n on n.oid = c.relnamespace`;

/** What a database lacks for writes, or its user may not do: `{ insert: ['spas'], usage: ['spas_id_seq'], default: ['spas.id'] }`. */
export type WriteLacks = Partial<Record<string, string[]>>;

export type CheckTablesOptions = {
  /** Where the tables must be. */
  schema: string;
  /** The fields of a model whose values the database makes, as ids that count up. */
  generated: (model: string) => readonly string[];
};

/** A table with the columns of its model, as the database calls them. */
type Checked = { table: string; missing: readonly string[]; columns: readonly string[]; generated: readonly string[]; found: Found };

/**
 * Checks that the database has the tables and columns of the models, which `tables` describes, and that its user may read them. Throws
 * StartError with one sentence where not: every request would fail. Returns what is missing for writes, which a gateway that only reads
 * does not need.
 */
export async function checkTables(
  query: Query,
  tables: ReadonlyMap<string, DescribedTable>,
  { schema, generated }: CheckTablesOptions,
): Promise<WriteLacks> {
  const { rows } = await query<Found>(TABLES, [Array.from(tables.values(), ({ name }) => name)]);
  const found = new Map(rows.map((row) => [row.table, row]));
  const all = [...tables].flatMap(([model, { name: table, columns, missing }]): Checked[] => {
    const row = found.get(table);
    const made = generated(model).flatMap((field) => columns.get(field)?.name ?? []);
    return row ? [{ table, missing, columns: Array.from(columns.values(), ({ name }) => name), generated: made, found: row }] : [];
  });

  const misplaced = all.filter((one) => one.found.schema !== schema);
  if (misplaced.length > 0) throw misplacedError(misplaced, schema);
  const missing = all.flatMap((one) => one.missing.map((name) => `${one.table}.${name}`));
  if (missing.length > 0)
    throw new StartError(
      `The database lacks ${named(missing, 'column')}, which prisma/schema.prisma has. Add what is missing by a migration, or change prisma/schema.prisma.`,
    );
  const columnsOf = (list: (row: Found) => readonly string[], columns: (one: Checked) => readonly string[]) =>
    all.flatMap((one) =>
      columns(one)
        .filter((name) => list(one.found).includes(name))
        .map((name) => ({ table: one.table, name })),
    );
  const modelled = (one: Checked) => one.columns;
  const unreadable = columnsOf((row) => row.unreadable, modelled);
  if (unreadable.length > 0) {
    const tables = [...new Set(unreadable.map(({ table }) => table))];
    throw new StartError(
      `The database user ${all[0]?.found.user} may not read ${named(tables, 'table')}. Grant it: grant select on ${shortened(tables)} to "${all[0]?.found.user}".`,
    );
  }
  const hidden = columnsOf((row) => row.hidden, modelled);
  if (hidden.length > 0)
    throw new StartError(
      `The type of ${named(
        hidden.map(({ table, name }) => `${table}.${name}`),
        'column',
      )} is in a schema that is not searched. Move its extension: alter extension … set schema ${schema}.`,
    );
  const withoutDefault = columnsOf(
    (row) => row.withoutDefault,
    (one) => one.generated,
  );
  const lacks: WriteLacks = {};
  const add = (what: string, of: string) => {
    lacks[what] = [...(lacks[what] ?? []), of];
  };
  for (const { table, found: row } of all) {
    for (const privilege of row.denied) add(privilege, table);
    for (const sequence of row.sequences) add('usage', sequence);
  }
  for (const { table, name } of withoutDefault) add('default', `${table}.${name}`);
  return lacks;
}

function misplacedError(misplaced: readonly { table: string; found: Found }[], schema: string): StartError {
  const tables = misplaced.map(({ table }) => table);
  const lack = `The schema ${schema} of the database lacks ${named(tables, 'table')}`;
  const elsewhere = misplaced[0]?.found.elsewhere ?? [];
  if (elsewhere.includes(schema))
    return new StartError(
      `${lack} for its user ${misplaced[0]?.found.user}. Let it in: grant usage on schema ${schema} to "${misplaced[0]?.found.user}".`,
    );
  const [other] = elsewhere;
  if (other !== undefined) return new StartError(`${lack}, which the schema ${other} has. Set schema=${other} in DATABASE_URL.`);
  return new StartError(`${lack}. Run npm run db:migrate, or write the migration that makes them with npm run db:migration -- NAME.`);
}

const MAX_NAMES = 5;

const shortened = (names: readonly string[]) =>
  names.length <= MAX_NAMES ? names.join(', ') : `${names.slice(0, MAX_NAMES).join(', ')} and ${names.length - MAX_NAMES} more`;
const named = (names: readonly string[], what: string) => `the ${what}${names.length === 1 ? '' : 's'} ${shortened(names)}`;
