// The SQL of a list. Many pages of one shape travel as one statement: their values are the columns of arrays, unnested, and
// a lateral join reads each page by its index. One text for each shape, whatever the number of pages and their values.

import type { ModelName, Row } from '../resources/models.ts';
import { type Database, quoted } from './database.ts';
import { type Condition, conditionOf, type ListDefinition, type ListRequest } from './list-conditions.ts';
import { columnOf, rowColumns } from './rows.ts';

/** The most rows that a page may have, one more than a client may ask for: the planner is told it, so that it reads in index order. */
export const MAX_PAGE_ROWS = 101;

/** Requests with the same SQL. */
export type ListShape<M extends ModelName> = {
  list: ListDefinition<M>;
  /** Any request of the shape. */
  example: ListRequest<M>;
  /** Whether many requests share a statement; one whose plan depends on a value travels alone, so that the planner sees it. */
  isBatchable: boolean;
};

/** A request of a shape, taken apart. */
export type ListKey<M extends ModelName> = {
  shape: ListShape<M>;
  request: ListRequest<M>;
  /** The parameters of the shape's condition. */
  values: readonly unknown[];
  /** The most rows that are wanted, or counted. */
  bound: number;
  cacheKey: string;
};

/** Builds the text of a shape once for each database, which is known by a function that all views of it share. */
function once(build: <M extends ModelName>(db: Database, shape: ListShape<M>) => string) {
  const texts = new WeakMap<Database['table'], WeakMap<object, string>>();
  return <M extends ModelName>(db: Database, shape: ListShape<M>): string =>
    texts.getOrInsertComputed(db.table, () => new WeakMap()).getOrInsertComputed(shape, () => build(db, shape));
}

/** The condition of a shape: its parameters are columns of the unnested keys, or the statement's own. */
const conditionIn = <M extends ModelName>(db: Database, { list, example, isBatchable }: ListShape<M>): Condition =>
  conditionOf(db, list, example, (position) => (isBatchable ? `k.p${position}` : `$${position + 1}`));

function orderOf<M extends ModelName>(
  { orderBy, isDescending }: ListDefinition<M>,
  isReversed: boolean,
  column: (field: string) => string,
): string {
  const direction = isDescending === isReversed ? '' : ' desc';
  return orderBy.map((term) => `${term.sql(column(term.field))}${direction}`).join(', ');
}

const pagesText = once((db, shape) => {
  const { list, example, isBatchable } = shape;
  const condition = conditionIn(db, shape);
  const isReversed = Boolean(example.isReversed);
  const order = orderOf(list, isReversed, (field) => columnOf(db, list.model, field));
  const limit = isBatchable ? 'k.bound' : `$${condition.types.length + 1}::int4`;
  // The constant limit inside tells the planner that few rows are wanted; the parameter outside, how many.
  const page = `select * from (select ${rowColumns(db, list.model)} from ${tableOf(db, list)} where ${condition.sql} order by ${order} limit ${MAX_PAGE_ROWS}) page limit ${limit}`;
  if (!isBatchable) return page;
  const outer = orderOf(list, isReversed, (field) => `c.${quoted(field)}`);
  return `select k.batch::int4 - 1 as batch, c.* from ${keysOf(condition)} cross join lateral (${page}) c order by k.batch, ${outer}`;
});

const countsText = once((db, shape) => {
  const condition = conditionIn(db, shape);
  const bound = shape.isBatchable ? 'k.bound' : `$${condition.types.length + 1}::int4`;
  const counted = `select count(*)::int4 as count from (select 1 from ${tableOf(db, shape.list)} where ${condition.sql} limit ${bound}) found`;
  if (!shape.isBatchable) return counted;
  return `select k.batch::int4 - 1 as batch, c.count from ${keysOf(condition)} cross join lateral (${counted}) c order by k.batch`;
});

/** `batch`: from 0, which of the statement's keys the row answers; absent where there is but one. */
type Batched<R> = R & { batch?: number };

/** Reads the pages of keys of one shape, in one statement. */
export async function readPages<M extends ModelName>(db: Database, keys: readonly ListKey<M>[]): Promise<Row<M>[][]> {
  const [first] = keys;
  if (!first) return [];
  const rows = await db.query<Batched<Row<M>>>(pagesText(db, first.shape), parametersOf(keys));
  const pages = keys.map((): Row<M>[] => []);
  for (const row of rows) pages[row.batch ?? 0]?.push(row);
  return pages;
}

/** Counts what each key of one shape finds, up to its bound, in one statement. */
export async function countUpTo<M extends ModelName>(db: Database, keys: readonly ListKey<M>[]): Promise<number[]> {
  const [first] = keys;
  if (!first) return [];
  const rows = await db.query<{ batch?: number; count: number }>(countsText(db, first.shape), parametersOf(keys));
  const counts = keys.map(() => 0);
  for (const { batch, count } of rows) counts[batch ?? 0] = count;
  return counts;
}

/** Arrays, one for each parameter and one for the bounds; of a shape that travels alone, the values themselves. */
function parametersOf<M extends ModelName>(keys: readonly ListKey<M>[]): unknown[] {
  const [first] = keys as [ListKey<M>];
  if (!first.shape.isBatchable) return [...first.values, first.bound];
  return [...first.values.map((_, i) => keys.map(({ values }) => values[i])), keys.map(({ bound }) => bound)];
}

type Plan = { 'Plan Rows': number; 'Node Type': string; Plans?: Plan[] };

/** The planner's estimate of how many records each key finds, in one statement. Falls back to `least`. */
export async function estimate<M extends ModelName>(db: Database, keys: readonly ListKey<M>[], least: number): Promise<number[]> {
  const values: unknown[] = [];
  const branches = keys.map(({ shape: { list }, request }) => {
    const offset = values.length;
    const condition = conditionOf(db, list, request, (position) => `$${offset + position + 1}`);
    values.push(...condition.values);
    return `select 1 from ${tableOf(db, list)} where ${condition.sql}`;
  });
  const [row] = await db.query<{ 'QUERY PLAN': { Plan: Plan }[] }>(`explain (format json) ${branches.join(' union all ')}`, values);
  const plan = row?.['QUERY PLAN'][0]?.Plan;
  const plans = keys.length === 1 && plan ? [plan] : appended(plan);
  return keys.map((_, i) => Math.max(least, plans.length === keys.length ? (plans[i]?.['Plan Rows'] ?? 0) : 0));
}

/** The branches of a union; a parallel plan has them below a Gather. */
function appended(plan: Plan | undefined): Plan[] {
  return plan?.['Node Type'] === 'Append' ? (plan.Plans ?? []) : plan?.Plans?.length === 1 ? appended(plan.Plans[0]) : [];
}

const tableOf = <M extends ModelName>(db: Database, { model }: ListDefinition<M>) => quoted(db.table(model).name);

/** `unnest(…) k`: a row for each key, with its parameters p0, p1, …, its bound, and its place in the batch from 1. */
function keysOf({ types }: Condition): string {
  const arrays = [...types, 'int4'].map((type, i) => `$${i + 1}::${type}[]`);
  const names = [...types.map((_, i) => `p${i}`), 'bound', 'batch'];
  return `unnest(${arrays.join(', ')}) with ordinality k(${names.join(', ')})`;
}
