// The SQL of a list. Many pages of one shape travel as one statement: their values are the columns of arrays, unnested, and
// a lateral join reads each page by its index. One text for each shape, whatever the number of pages and their values.

import type { ModelName, Row } from '../resources/models.ts';
import { type Database, quoted } from './database.ts';
import type { Filter, OrderTerm, Visibility } from './list-options.ts';
import { columnOf, rowColumns } from './rows.ts';

/** The most rows that a page may have, one more than a client may ask for: the planner is told it, so that it reads in index order. */
export const MAX_PAGE_ROWS = 101;

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

type Condition = { sql: string; types: string[]; values: unknown[]; isBatchable: boolean };

/** Collects parameters and gives each its place in the text. */
type Place = (position: number) => string;
const inBatch: Place = (position) => `k.p${position}`;
const direct: Place = (position) => `$${position + 1}`;

/** The condition of a request. Values are parameters; true, false and null stand in the text, so that partial indexes fit. */
export function conditionOf<M extends ModelName>(
  db: Database,
  { model, orderBy, isDescending, filters }: ListDefinition<M>,
  { where = {}, visible, after, isReversed }: ListRequest<M>,
  offset = 0,
): Condition {
  const column = (field: string) => columnOf(db, model, field);
  const typeOf = (field: string) => db.table(model).columns.get(field)?.type ?? 'text';
  const given = Object.entries(where).filter(([, value]) => value !== undefined && value !== null);
  const isBatchable = given.every(([name]) => !filters[name]?.needsValue);
  const place = isBatchable ? inBatch : direct;
  const types: string[] = [];
  const values: unknown[] = [];
  const parameter = (type: string, value: unknown) => {
    types.push(type);
    values.push(value);
    return `${place(offset + values.length - 1)}::${type}`;
  };
  const equal = ([field, value]: [string, unknown]) => {
    if (value === null) return `${column(field)} is null`;
    if (typeof value === 'boolean') return value ? column(field) : `not ${column(field)}`;
    return `${column(field)} = ${parameter(typeOf(field), value)}`;
  };

  const parts: string[] = [];
  if (visible !== 'all') {
    const examples = visible.map((example) => Object.entries(example).map(equal).join(' and '));
    parts.push(examples.length === 0 ? 'false' : `(${examples.map((example) => `(${example})`).join(' or ')})`);
  }
  for (const [name, value] of given.sort(([a], [b]) => (a < b ? -1 : 1))) {
    const filter = filters[name];
    if (!filter) throw new Error(`The list of ${model} has no filter ${name}.`);
    const type = 'field' in filter.type ? typeOf(filter.type.field) : filter.type.sql;
    const encoded = filter.encode ? filter.encode(value as never) : value;
    parts.push(filter.sql(column, typeof encoded === 'boolean' ? String(encoded) : parameter(type, encoded)));
  }
  if (after) {
    const terms = orderBy.map((term) => term.sql(column(term.field)));
    const marks = orderBy.map((term, i) => parameter(term.type ?? typeOf(term.field), after[i]));
    parts.push(`(${terms.join(', ')}) ${isDescending === Boolean(isReversed) ? '>' : '<'} (${marks.join(', ')})`);
  }
  return { sql: parts.length === 0 ? 'true' : parts.join(' and '), types, values, isBatchable };
}

function orderOf<M extends ModelName>(
  { orderBy, isDescending }: ListDefinition<M>,
  isReversed: boolean,
  column: (field: string) => string,
): string {
  const direction = isDescending === isReversed ? '' : ' desc';
  return orderBy.map((term) => `${term.sql(column(term.field))}${direction}`).join(', ');
}

/** The rows of a page, inside any statement. `limit`: SQL of the number of rows. */
function pageOf<M extends ModelName>(db: Database, list: ListDefinition<M>, condition: string, isReversed: boolean, limit: string): string {
  const order = orderOf(list, isReversed, (field) => columnOf(db, list.model, field));
  const table = quoted(db.table(list.model).name);
  // The constant limit inside tells the planner that few rows are wanted; the parameter outside, how many.
  return `select * from (select ${rowColumns(db, list.model)} from ${table} where ${condition} order by ${order} limit ${MAX_PAGE_ROWS}) page limit ${limit}`;
}

export type PageRequest<M extends ModelName> = ListRequest<M> & { limit: number };
/** `batch`: from 0, which of the statement's requests the row answers. */
type Batched<R> = R & { batch: number };

/** Reads the pages of requests of one shape, in one statement. */
export async function readPages<M extends ModelName>(
  db: Database,
  list: ListDefinition<M>,
  requests: readonly PageRequest<M>[],
): Promise<Row<M>[][]> {
  const conditions = requests.map((request) => conditionOf(db, list, request));
  const [first] = conditions;
  const [request] = requests;
  if (!first || !request) return [];
  const isReversed = Boolean(request.isReversed);
  if (!first.isBatchable) {
    const text = pageOf(db, list, first.sql, isReversed, `$${first.values.length + 1}::int4`);
    return [await db.query<Row<M>>(text, [...first.values, request.limit])];
  }
  const order = orderOf(list, isReversed, (field) => `c.${quoted(field)}`);
  const rows = await db.query<Batched<Row<M>>>(
    `select k.batch::int4 - 1 as batch, c.* from ${keysOf(first)} cross join lateral (${pageOf(db, list, first.sql, isReversed, 'k.bound')}) c order by k.batch, ${order}`,
    [...columnsOf(conditions), requests.map(({ limit }) => limit)],
  );
  const pages = requests.map((): Row<M>[] => []);
  for (const row of rows) pages[row.batch]?.push(row);
  return pages;
}

/** Counts what each request of one shape finds, up to `bound`, in one statement. */
export async function countUpTo<M extends ModelName>(
  db: Database,
  list: ListDefinition<M>,
  requests: readonly ListRequest<M>[],
  bound: number,
): Promise<number[]> {
  const conditions = requests.map((request) => conditionOf(db, list, request));
  const [first] = conditions;
  if (!first) return [];
  const table = quoted(db.table(list.model).name);
  const counted = `select count(*)::int4 as count from (select 1 from ${table} where ${first.sql} limit ${bound}) found`;
  if (!first.isBatchable) return (await db.query<{ count: number }>(counted, first.values)).map(({ count }) => count);
  const rows = await db.query<{ batch: number; count: number }>(
    `select k.batch::int4 - 1 as batch, c.count from ${keysOf(first)} cross join lateral (${counted}) c order by k.batch`,
    [...columnsOf(conditions), requests.map(() => bound)],
  );
  return rows.map(({ count }) => count);
}

type Plan = { 'Plan Rows': number; 'Node Type': string; Plans?: Plan[] };

/** The planner's estimate of how many records each request finds, in one statement. Falls back to `least`. */
export async function estimate<M extends ModelName>(
  db: Database,
  list: ListDefinition<M>,
  requests: readonly ListRequest<M>[],
  least: number,
): Promise<number[]> {
  const table = quoted(db.table(list.model).name);
  const values: unknown[] = [];
  const branches = requests.map((request) => {
    const condition = conditionOf(db, list, request, values.length);
    values.push(...condition.values);
    return `select 1 from ${table} where ${condition.sql.replaceAll(/k\.p(\d+)/g, (_, position) => direct(Number(position)))}`;
  });
  const [row] = await db.query<{ 'QUERY PLAN': { Plan: Plan }[] }>(`explain (format json) ${branches.join(' union all ')}`, values);
  const plan = row?.['QUERY PLAN'][0]?.Plan;
  const plans = requests.length === 1 && plan ? [plan] : appended(plan);
  return requests.map((_, i) => Math.max(least, plans.length === requests.length ? (plans[i]?.['Plan Rows'] ?? 0) : 0));
}

/** The branches of a union; a parallel plan has them below a Gather. */
function appended(plan: Plan | undefined): Plan[] {
  return plan?.['Node Type'] === 'Append' ? (plan.Plans ?? []) : plan?.Plans?.length === 1 ? appended(plan.Plans[0]) : [];
}

/** `unnest(…) k`: a row for each request, with its parameters p0, p1, …, its bound, and its place in the batch from 1. */
function keysOf({ types }: Condition): string {
  const arrays = [...types, 'int4'].map((type, i) => `$${i + 1}::${type}[]`);
  const names = [...types.map((_, i) => `p${i}`), 'bound', 'batch'];
  return `unnest(${arrays.join(', ')}) with ordinality k(${names.join(', ')})`;
}

const columnsOf = (conditions: readonly Condition[]) =>
  (conditions[0]?.values ?? []).map((_, i) => conditions.map(({ values }) => values[i]));
