import { searchForm, searchFormSql } from '../gateway/data/normal-forms.ts';
import { isMomentText, momentText } from '../gateway/data/postgres/moments.ts';
import type { ModelName, Row } from '../resources/models.ts';

/** Turns a field into its quoted column. */
type ColumnOf = (field: string) => string;

/** One term of an order. */
export type OrderTerm = {
  field: string;
  /** The SQL that is ordered by, from the quoted column. */
  sql: (column: string) => string;
  /** PostgreSQL's type of `sql`; the column's own where undefined. */
  type?: string;
  /** PostgreSQL's names of the types that its column may have: `_` stands for any enum. */
  columns: readonly string[];
  /** Whether rows whose column is NULL have a place in the order. Without it they would be on no page. Default false. */
  takesNull?: boolean;
  /** What stands for NULL, in SQL and in a cursor: see nullsLast. */
  filler: { sql: string; value: unknown };
  /** The value of `sql` for a row, as it stands in a cursor. */
  read: (value: unknown) => unknown;
  /** Whether a value from a cursor, which anybody may have written, is one that `read` gives. */
  accepts: (value: unknown) => boolean;
};

const isText = (value: unknown) => typeof value === 'string' && !value.includes('\0');
const asItIs = { sql: (column: string) => column, read: (value: unknown) => value };

/** Orders by a whole number of at most four bytes that is never null. */
export const byInt = (field: string): OrderTerm => ({
  ...asItIs,
  field,
  columns: ['int2', 'int4', 'int8'],
  filler: { sql: '0', value: 0 },
  accepts: (value) => Number.isInteger(value) && Math.abs(value as number) < 2 ** 31,
});

/** Orders by a BigInt that is never null. JSON has no such number: a cursor holds its digits. */
export const byBigInt = (field: string): OrderTerm => ({
  ...asItIs,
  field,
  columns: ['int8'],
  filler: { sql: '0', value: '0' },
  read: String,
  accepts: (value) => typeof value === 'string' && /^-?\d{1,19}$/.test(value) && BigInt.asIntN(64, BigInt(value)) === BigInt(value),
});

/** Orders by a text that is never null. */
export const byText = (field: string): OrderTerm => ({
  ...asItIs,
  field,
  columns: ['text', 'varchar', 'bpchar', 'citext'],
  filler: { sql: `''`, value: '' },
  accepts: isText,
});

const byDate = (field: string, kind: 'moment' | 'day', columns: readonly string[]): OrderTerm => ({
  ...asItIs,
  field,
  columns,
  filler: { sql: `'epoch'`, value: momentText(new Date(0)) },
  read: (value) => momentText(value as Date),
  accepts: (value) => typeof value === 'string' && isMomentText(value, kind),
});

/** Orders by a moment that is never null, to the microsecond. */
export const byTime = (field: string): OrderTerm => byDate(field, 'moment', ['timestamptz', 'timestamp']);

/** Orders by a day that is never null. */
export const byDay = (field: string): OrderTerm => byDate(field, 'day', ['date']);

/** Orders by an enum that is never null, in the order of its declaration. `values`: all of them. */
export const byEnum = (field: string, values: Readonly<Record<string, string>>): OrderTerm => {
  const all = Object.values(values);
  const [first = ''] = all;
  return {
    ...asItIs,
    field,
    columns: ['_'],
    filler: { sql: `'${first.replaceAll("'", "''")}'`, value: first },
    accepts: (value) => all.includes(value as string),
  };
};

/** Orders as a term does, with the records that lack the value last, or first where the list is descending: two terms. */
export const nullsLast = (term: OrderTerm): OrderTerm[] => [
  {
    ...term,
    sql: (column) => `(${column} is null)`,
    type: 'boolean',
    takesNull: true,
    read: (value) => value === null,
    accepts: (value) => typeof value === 'boolean',
  },
  {
    ...term,
    sql: (column) => `coalesce(${column}, ${term.filler.sql})`,
    takesNull: true,
    read: (value) => (value === null ? term.filler.value : term.read(value)),
  },
];

/** A filter of a list: a condition on one value that a client gives. */
export type Filter<V> = {
  /** The SQL condition, from the columns and the parameter that carries the value. */
  sql: (column: ColumnOf, parameter: string) => string;
  /** The field whose type the parameter has, or a PostgreSQL type. */
  type: { field: string } | { sql: string };
  /** Other models that the condition reads: their changes are the list's. */
  reads: readonly ModelName[];
  /** The field that equals the value in every record of the list, where there is one. */
  equals?: string;
  /** Makes the parameter's value out of the client's. */
  encode?: (value: V) => unknown;
  /**
   * Whether the planner must see the value to choose well, as for a search, which is rare for one word and common for another.
   * Such a list is one statement for each distinct request instead of one for many. Default false.
   */
  needsValue?: boolean;
};

type FieldOf<M extends ModelName> = keyof Row<M> & string;
type ValueOf<M extends ModelName, F extends FieldOf<M>> = NonNullable<Row<M>[F]>;

const compare =
  (operator: string) =>
  <M extends ModelName, F extends FieldOf<M>>(field: F): Filter<ValueOf<M, F>> => ({
    sql: (column, parameter) => `${column(field)} ${operator} ${parameter}`,
    type: { field },
    reads: [],
    equals: operator === '=' ? field : undefined,
  });

export const equals = compare('=');
export const atLeast = compare('>=');
export const below = compare('<');

/** Text that is the value, whatever its spelling; case counts. `matchesText` is its SQL, for filters of one's own. */
export const equalsText = <M extends ModelName>(field: FieldOf<M>): Filter<string> => ({
  sql: (column, parameter) => matchesText(column(field), parameter),
  type: { sql: 'text' },
  reads: [],
  encode: searchForm,
});

/** Whether a column is the text of a parameter, which `searchForm` has encoded. */
export const matchesText = (column: string, parameter: string): string => `${searchFormSql(column)} = ${parameter}`;

/**
 * Text that contains the words of the value in their order, whatever their spelling and case. `expression`: SQL of what is searched; a
 * trigram index on its search form serves it. `wordsOf`: makes the words, with spaces between them, of what a client gives.
 */
export const contains = (expression: string, wordsOf: (value: string) => string = searchForm): Filter<string> => ({
  sql: (_column, parameter) => `${searchFormSql(expression)} ilike ${parameter}`,
  type: { sql: 'text' },
  reads: [],
  encode: (value) =>
    `%${wordsOf(value)
      .replaceAll(/[\\%_]/g, String.raw`\$&`)
      .replaceAll(/\s+/g, '%')}%`,
  needsValue: true,
});

/** Which records a viewer may see: all of them, or those that equal one of the examples in every field that it names. */
export type Visibility<M extends ModelName> = 'all' | readonly Partial<Row<M>>[];

/** Whether a row is visible: the same rule for a row at hand as `visibility` is in the condition of a list. */
export function isVisible<M extends ModelName>(visibility: Visibility<M>, row: Row<M>): boolean {
  if (visibility === 'all') return true;
  return visibility.some((example) => equalsIn(example, row));
}

/**
 * A loop, because it runs for every edge of every page. What is undefined equals nothing: a key that a rule has not got, or a column
 * that a row does not carry, opens no row. Nor does an example that names no field.
 */
function equalsIn<R extends object>(example: Partial<R>, row: R): boolean {
  let isNamed = false;
  for (const field in example) {
    if (example[field] === undefined || row[field] !== example[field]) return false;
    isNamed = true;
  }
  return isNamed;
}
