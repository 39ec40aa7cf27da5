import { searchForm, searchFormSql } from '../gateway/data/normal-forms.ts';
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
  /** The value of `sql` for a row, as it stands in a cursor. */
  read: (value: unknown) => unknown;
  /** Whether a value from a cursor, which anybody may have written, is one that `read` gives. */
  accepts: (value: unknown) => boolean;
};

const isText = (value: unknown) => typeof value === 'string' && !value.includes('\0');

/** Orders by a whole number that is never null. */
export const byInt = (field: string): OrderTerm => ({
  field,
  sql: (column) => column,
  read: (value) => value,
  accepts: (value) => Number.isInteger(value) && Math.abs(value as number) < 2 ** 31,
});

/** Orders by a text that is never null. */
export const byText = (field: string): OrderTerm => ({ field, sql: (column) => column, read: (value) => value, accepts: isText });

/** Orders by a moment that is never null. JavaScript has a year 0, PostgreSQL has none. */
export const byTime = (field: string): OrderTerm => ({
  field,
  sql: (column) => column,
  read: (value) => (value as Date).toISOString(),
  accepts: (value) =>
    typeof value === 'string' &&
    /^(?!0000)\d{4}-/.test(value) &&
    !Number.isNaN(Date.parse(value)) &&
    new Date(value).toISOString() === value,
});

/** Orders by an enum, in the order of its declaration. `values`: all of them. */
export const byEnum = (field: string, values: Readonly<Record<string, string>>): OrderTerm => ({
  field,
  sql: (column) => column,
  read: (value) => value,
  accepts: (value) => Object.values(values).includes(value as string),
});

/** Orders by a text, with the records that lack it last: two terms. */
export const byTextNullsLast = (field: string): OrderTerm[] => [
  {
    field,
    sql: (column) => `(${column} is null)`,
    type: 'boolean',
    read: (value) => value === null,
    accepts: (value) => typeof value === 'boolean',
  },
  { field, sql: (column) => `coalesce(${column}, '')`, type: 'text', read: (value) => value ?? '', accepts: isText },
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

/** A loop, because it runs for every edge of every page. */
function equalsIn<R extends object>(example: Partial<R>, row: R): boolean {
  for (const field in example) if (row[field] !== example[field]) return false;
  return true;
}
