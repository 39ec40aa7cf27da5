// Which tables and columns the models have. The client's runtime model knows their names (Pothos reads it too), the database their types.

import type pg from 'pg';
import type { Column, Table } from '../../../batching/database.ts';
import { StartError } from '../../../errors.ts';

/** Whether a field is a list is not in Prisma's runtime model: the column says so. */
export type RuntimeField = { name: string; kind: string; type: string; dbName?: string | null };
/** As `_runtimeDataModel` of Prisma's client: a model or a field without a name of its own in the database has null or nothing. */
export type RuntimeModels = Readonly<Record<string, { dbName?: string | null; fields: readonly RuntimeField[] }>>;

export type DescribeOptions = {
  models: RuntimeModels;
  /** The values of each enum, by its name. */
  enums: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The PostgreSQL schema of the tables. Default `public`. */
  schema?: string;
  /** Fields that rows do not carry: a start does not need to be able to read them. Default none. */
  omitted?: (model: string) => readonly string[];
};

const TEXTS = ['text', 'varchar', 'bpchar', 'citext', 'uuid', 'name', 'xml', 'inet', 'cidr', 'varbit'];
const WHOLE = ['int2', 'int4', 'int8'];

/** By Prisma's type: PostgreSQL's types that come in its shape, and what they are cast to so that they do. */
const SUPPORTED: Readonly<Record<string, { kinds: readonly string[]; readAs?: string }>> = {
  String: { kinds: TEXTS },
  Boolean: { kinds: ['bool'] },
  Int: { kinds: [...WHOLE, 'oid'], readAs: 'int4' },
  BigInt: { kinds: [...WHOLE, 'oid'], readAs: 'int8' },
  Float: { kinds: ['float4', 'float8'] },
  Decimal: { kinds: ['numeric', ...WHOLE], readAs: 'numeric' },
  DateTime: { kinds: ['timestamptz', 'timestamp', 'date'] },
  Json: { kinds: ['jsonb', 'json'] },
  Bytes: { kinds: ['bytea'] },
};
/** Of arrays, those whose elements node-postgres does not part: they come as arrays of text. */
const ARRAYS_AS_TEXT = ['String', 'enum'];

/** A table as the database has it. */
export type DescribedTable = Table & {
  /** Columns of the model that the table has not. They are not among its `columns`. */
  missing: readonly string[];
};

type Found = { table: string; column: string; isNullable: boolean; kind: string; isArray: boolean; type: string; labels: string[] | null };

/**
 * Domains are what they are made of, arrays what their elements are: looked up once a type, which takes a tenth of the time that once a
 * column does. A length would cut what is compared: `character` is `character(1)`. Of a view, PostgreSQL does not know which columns may
 * be NULL: the schema's word is taken for it.
 */
const COLUMNS = `with recursive
  found as (
    select w.name as "table", a.attname as "column", a.atttypid, not a.attnotnull and c.relkind in ('r', 'p', 'f') as "isNullable"
    from unnest($1::text[]) w (name)
    join pg_class c on c.oid = to_regclass(quote_ident($2) || '.' || quote_ident(w.name))
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  ),
  chain (declared, oid, is_array) as (
    select distinct atttypid, atttypid, false from found
    union all
    select chain.declared, case when t.typtype = 'd' then t.typbasetype else t.typelem end, chain.is_array or t.typtype <> 'd'
    from chain join pg_type t on t.oid = chain.oid
    where t.typtype = 'd' or (t.typcategory = 'A' and t.typelem <> 0)
  )
  select found.table, found.column, found."isNullable", chain.is_array as "isArray",
    case when t.typtype = 'e' then '_' else t.typname end as kind,
    case when t.typname = 'bpchar' then 'bpchar' else format_type(t.oid, null) end || case when chain.is_array then '[]' else '' end as "type",
    (select array_agg(e.enumlabel::text) from pg_enum e where e.enumtypid = t.oid) as labels
  from found join chain on chain.declared = found.atttypid join pg_type t on t.oid = chain.oid
  where t.typtype <> 'd' and not (t.typcategory = 'A' and t.typelem <> 0)`;

const ANNOUNCED = `select c.relname as "table", string_to_array(trim(trailing '|' from replace(encode(t.tgargs, 'escape'), '\\000', '|')), '|') as columns
  from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_proc p on p.oid = t.tgfoid
  where p.proname = 'convoy_announce_change' and t.tgname = 'announce_update' and t.tgenabled <> 'D'
    and c.relnamespace = to_regnamespace(quote_ident($1))`;

/**
 * Describes the tables of the models, by the models' names. Throws StartError where a column that rows carry is of a type that the gateway
 * cannot read, or would read wrongly. What is missing is for `checkTables` to judge, which knows why.
 */
export async function describeTables(
  pool: pg.Pool,
  { models, enums, schema = 'public', omitted = () => [] }: DescribeOptions,
): Promise<ReadonlyMap<string, DescribedTable>> {
  const names = Object.entries(models).map(([name, { dbName }]) => dbName ?? name);
  const { rows } = await pool.query<Found>(COLUMNS, [names, schema]);
  const announcing = await pool.query<{ table: string; columns: string[] }>(ANNOUNCED, [schema]);
  const announced = new Map(announcing.rows.map(({ table, columns }) => [table, new Set(columns)]));
  const found = new Map(rows.map((row) => [`${row.table}.${row.column}`, row]));
  const objections: string[] = [];

  const described = Object.entries(models).map(([model, { dbName, fields }]): [string, DescribedTable] => {
    const name = dbName ?? model;
    const columns = new Map<string, Column>();
    const missing: string[] = [];
    for (const field of fields) {
      if (field.kind !== 'scalar' && field.kind !== 'enum') continue;
      const column = field.dbName ?? field.name;
      const row = found.get(`${name}.${column}`);
      if (!row) {
        missing.push(column);
        continue;
      }
      const problem = objectionTo(field, row, enums[field.type]);
      const objection = problem && `${model}.${field.name} cannot be read: ${problem}`;
      if (objection && !omitted(model).includes(field.name)) objections.push(objection);
      const { isNullable, kind } = row;
      const readAs = readAsOf(field, row);
      // A Decimal may have a fraction, which PostgreSQL refuses to make a whole number of.
      const type = readAs === 'numeric' ? readAs : row.type;
      columns.set(field.name, { name: column, type, kind, isNullable, readAs, objection });
    }
    return [model, { name, columns, missing, announced: announced.get(name) }];
  });
  const [first] = objections;
  if (first !== undefined) throw new StartError(objections.length > 1 ? `${first} (${objections.length - 1} more like this.)` : first);
  return new Map(described);
}

function readAsOf({ kind, type }: RuntimeField, { isArray }: Found): string | undefined {
  if (!isArray) return SUPPORTED[type]?.readAs;
  if (ARRAYS_AS_TEXT.includes(kind === 'enum' ? kind : type)) return 'text[]';
  const element = SUPPORTED[type]?.readAs;
  return element && `${element}[]`;
}

const ADVICE = 'Change the column, or name the field in prisma/omitted-columns.ts.';

/** What keeps a column from being read, with what to do; undefined where nothing does. */
function objectionTo(field: RuntimeField, { table, column, kind, type, labels }: Found, values: DescribeOptions['enums'][string] = {}) {
  const of = `${table}.${column} is ${type}`;
  if (field.kind === 'enum') {
    if (labels === null) return `${of}, which is no enum. ${ADVICE}`;
    const lacking = Object.values(values).find((value) => !labels.includes(value));
    if (lacking === undefined) return undefined;
    // Prisma's client has the names, and the database the ones that @map gives.
    return `${of}, which has no value ${lacking} of ${field.type}. Values that are renamed with @map are not supported: give both the same names.`;
  }
  const { kinds } = SUPPORTED[field.type] ?? { kinds: [] };
  if (!kinds.includes(kind)) return `${of}, which is not supported for ${field.type} (${kinds.join(', ') || 'nothing'} is). ${ADVICE}`;
  return undefined;
}
