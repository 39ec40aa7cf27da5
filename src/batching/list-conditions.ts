// What a request for a list means: which requests have the same SQL, and that SQL's condition.

import type { ModelName } from '../resources/models.ts';
import type { Database } from './database.ts';
import type { Filter, OrderTerm, Visibility } from './list-options.ts';
import { columnOf } from './rows.ts';

export type ListDefinition<M extends ModelName> = {
  model: M;
  orderBy: readonly OrderTerm[];
  isDescending: boolean;
  filters: Readonly<Record<string, Filter<never>>>;
};

/** What one page or count asks for, apart from its size. */
export type ListRequest<M extends ModelName> = {
  where?: Readonly<Record<string, unknown>>;
  visible: Visibility<M>;
  /** Values of the order's terms: the page begins behind them. */
  after?: readonly unknown[];
  /** Whether the page is read against the order. */
  isReversed?: boolean;
};

/** The names of the filters that are given, in a fixed order. */
export const namesOf = (where: Readonly<Record<string, unknown>> = {}) =>
  Object.keys(where)
    .filter((name) => where[name] !== undefined && where[name] !== null)
    .sort();

/** True, false and null stand in the text, so that partial indexes fit; all else is a parameter. */
const isLiteral = (value: unknown) => value === null || typeof value === 'boolean';

function filterOf<M extends ModelName>({ model, filters }: ListDefinition<M>, name: string): Filter<never> {
  const filter = filters[name];
  if (!filter) throw new Error(`The list of ${model} has no filter ${name}.`);
  return filter;
}

const encode = ({ encode }: Filter<never>, value: unknown) => (encode ? encode(value as never) : value);

/**
 * What requests with the same SQL have in common, and the values of one, in the order of `conditionOf`. It runs for each list of each
 * request, and so builds no SQL. Throws where a rule of visibility has no value for what it names.
 */
export function takeApart<M extends ModelName>(
  list: ListDefinition<M>,
  { where = {}, visible, after, isReversed }: ListRequest<M>,
): { structure: string; values: unknown[] } {
  const values: unknown[] = [];
  let structure = isReversed ? '<' : '>';
  const add = (name: string, value: unknown) => {
    if (isLiteral(value)) structure += `${name}=${value},`;
    else {
      structure += `${name},`;
      // JSON, which tells requests apart, has no BigInt.
      values.push(typeof value === 'bigint' ? String(value) : value);
    }
  };
  if (visible !== 'all') {
    for (const example of visible) {
      structure += '|';
      let isNamed = false;
      for (const field in example) {
        const value = example[field as keyof typeof example];
        if (value === undefined) throw new Error(`The rule of a list of ${list.model} names ${field} and has no value for it.`);
        add(field, value);
        isNamed = true;
      }
      if (!isNamed) throw new Error(`A rule of a list of ${list.model} names no field.`);
    }
  }
  structure += ';';
  for (const name of namesOf(where)) add(name, encode(filterOf(list, name), where[name]));
  if (after) {
    structure += ';after';
    values.push(...after);
  }
  return { structure, values };
}

/** `types`: of the parameters. */
export type Condition = { sql: string; types: string[]; values: unknown[] };
/** Gives a parameter its place in the text. */
type Place = (position: number) => string;

/** The condition of a request. `place`: SQL of the parameter at a position, from 0. */
export function conditionOf<M extends ModelName>(
  db: Database,
  list: ListDefinition<M>,
  { where = {}, visible, after, isReversed }: ListRequest<M>,
  place: Place,
): Condition {
  const { model, orderBy, isDescending } = list;
  const column = (field: string) => columnOf(db, model, field);
  const typeOf = (field: string) => db.table(model).columns.get(field)?.type ?? 'text';
  const types: string[] = [];
  const values: unknown[] = [];
  const parameter = (type: string, value: unknown) => {
    types.push(type);
    values.push(value);
    return `${place(values.length - 1)}::${type}`;
  };
  const equal = ([field, value]: [string, unknown]) => {
    if (value === null) return `${column(field)} is null`;
    if (typeof value === 'boolean') return value ? column(field) : `not ${column(field)}`;
    return `${column(field)} = ${parameter(typeOf(field), value)}`;
  };

  const parts: string[] = [];
  if (visible !== 'all') {
    const examples = visible.map((example) => `(${Object.entries(example).map(equal).join(' and ')})`);
    parts.push(`(${examples.join(' or ')})`);
  }
  for (const name of namesOf(where)) {
    const filter = filterOf(list, name);
    const value = encode(filter, where[name]);
    const type = 'field' in filter.type ? typeOf(filter.type.field) : filter.type.sql;
    parts.push(filter.sql(column, isLiteral(value) ? String(value) : parameter(type, value)));
  }
  if (after) {
    const terms = orderBy.map((term) => term.sql(column(term.field)));
    const marks = orderBy.map((term, i) => parameter(term.type ?? typeOf(term.field), after[i]));
    parts.push(`(${terms.join(', ')}) ${isDescending === Boolean(isReversed) ? '>' : '<'} (${marks.join(', ')})`);
  }
  return { sql: parts.length === 0 ? 'true' : parts.join(' and '), types, values };
}
