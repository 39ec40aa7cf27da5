import { StartError } from '../errors.ts';
import type { ModelName, Row } from '../resources/models.ts';
import type { BatchGroup } from './batcher.ts';
import type { Database } from './database.ts';
import { type Tags, tagsOfModel, tagsOfValue } from './dependencies.ts';
import { type ListDefinition, type ListRequest, namesOf, takeApart } from './list-conditions.ts';
import type { Filter, OrderTerm } from './list-options.ts';
import { countUpTo, estimate, type ListKey, type ListShape, readPages } from './list-statement.ts';
import { type MaybePromise, when } from './maybe-promise.ts';
import { declareLoader, type HasLoaders } from './request-loaders.ts';
import type { rowLoader } from './rows.ts';

/** How many records are counted one by one; beyond, the planner's estimate serves. */
export const MAX_EXACT_COUNT = 10_000;
/** Filters and visibilities come from code, so that a list has few shapes; this bounds them where a schema is unusual. */
const MAX_SHAPES = 1000;

export type Count = { value: number; isExact: boolean };

type Filters = Readonly<Record<string, Filter<never>>>;
type ValuesOf<Fs extends Filters> = { [F in keyof Fs]?: (Fs[F] extends Filter<infer V> ? V : never) | null };

/** Every list, in the order of declaration. */
const declared: ListDefinition<ModelName>[] = [];

/**
 * Throws StartError where a list is ordered by a column whose values the term does not put into cursors as they are, or whose NULLs
 * it does not place: pages would lose rows, or repeat them.
 */
export function checkLists(db: Database, lists: readonly Pick<ListDefinition<ModelName>, 'model' | 'orderBy'>[] = declared): void {
  for (const { model, orderBy } of lists) {
    for (const { field, columns, takesNull } of orderBy) {
      const { name = field, kind, isNullable, objection } = db.table(model).columns.get(field) ?? {};
      const list = `The list of ${model} is ordered by ${field}`;
      if (objection) throw new StartError(objection);
      if (kind === undefined || !columns.includes(kind))
        throw new StartError(`${list}, whose column ${name} is ${kind ?? 'not there'}: the term orders ${columns.join(', ')} only.`);
      if (isNullable && !takesNull)
        throw new StartError(`${list}, whose column ${name} may be NULL. Declare it NOT NULL, or order by nullsLast(…).`);
    }
  }
}

/**
 * Declares a list of a model: its order, which must be unique and run in one direction, and the filters that it takes. The same list
 * serves at the root and below any parent: a parent's key is one more filter. Pages prime the loader by id, which comes with it.
 */
export function listLoader<M extends ModelName, const Fs extends Filters>(
  model: M,
  options: {
    orderBy: readonly OrderTerm[];
    isDescending?: boolean;
    filters: Fs;
    byId: ReturnType<typeof rowLoader<M, keyof Row<M> & string>>;
  },
) {
  const list: ListDefinition<M> = { model, isDescending: false, ...options };
  declared.push(list as unknown as ListDefinition<ModelName>);
  const keyOf = createKeys(list);
  const pages = declareLoader<ListKey<M>, Row<M>[], string>({
    name: `pages of ${model}`,
    batch: readPages,
    cacheKey: ({ cacheKey }) => cacheKey,
    groupOf: ({ shape }) => (shape as Shape<M>).pages,
    tagsOf,
  });
  const counts = declareLoader<ListKey<M>, Count, string>({
    name: `counts of ${model}`,
    batch: readCounts,
    cacheKey: ({ cacheKey }) => cacheKey,
    groupOf: ({ shape }) => (shape as Shape<M>).counts,
    tagsOf,
  });

  type Request = Omit<ListRequest<M>, 'where'> & { where?: ValuesOf<Fs> };
  return {
    orderBy: options.orderBy,
    /** Up to `limit` rows, in the order they were read: against the list's order where `isReversed`. */
    page(ctx: HasLoaders, { limit, ...request }: Request & { limit: number }): MaybePromise<readonly Row<M>[]> {
      if (request.visible.length === 0) return [];
      return when(pages(ctx).load(keyOf(request, limit)), (rows) => {
        const byId = options.byId(ctx);
        for (const row of rows) byId.prime(row[idOf<M>()], row);
        return rows;
      });
    },
    /** How many records the request finds: exact up to 10,000, the planner's estimate above. */
    count(ctx: HasLoaders, request: Request): MaybePromise<Count> {
      if (request.visible.length === 0) return { value: 0, isExact: true };
      return counts(ctx).load(keyOf(request, MAX_EXACT_COUNT + 1));
    },
  };
}

export type List<M extends ModelName> = ReturnType<typeof listLoader<M, Filters>>;

const idOf = <M extends ModelName>() => 'id' as keyof Row<M> & string;

/** A shape, with what its pages and its counts share statements by. */
type Shape<M extends ModelName> = ListShape<M> & { pages: BatchGroup<ListKey<M>, Row<M>[]>; counts: BatchGroup<ListKey<M>, Count> };

/** Makes keys of a list's requests; requests with the same SQL get the same shape. */
function createKeys<M extends ModelName>(list: ListDefinition<M>) {
  const shapes = new Map<string, Shape<M>>();
  const shapeOf = (structure: string, example: ListRequest<M>): Shape<M> => {
    const known = shapes.get(structure);
    if (known) return known;
    if (shapes.size >= MAX_SHAPES) shapes.clear();
    const isBatchable = namesOf(example.where).every((name) => !list.filters[name]?.needsValue);
    const maxKeys = isBatchable ? undefined : 1;
    const shape: Shape<M> = {
      list,
      example,
      isBatchable,
      pages: { name: `pages of ${list.model}`, batch: readPages, maxKeys },
      counts: { name: `counts of ${list.model}`, batch: readCounts, maxKeys },
    };
    shapes.set(structure, shape);
    return shape;
  };
  return (request: ListRequest<M>, bound: number): ListKey<M> => {
    const { structure, values } = takeApart(list, request);
    return { shape: shapeOf(structure, request), request, values, bound, cacheKey: `${structure} ${bound} ${JSON.stringify(values)}` };
  };
}

/** A list below a parent changes with the records of that parent alone, where their changes say whose they are. */
function tagsOf<M extends ModelName>(db: Database, { shape: { list }, request: { where = {} } }: ListKey<M>): Tags {
  const given = namesOf(where).map((name) => ({ value: where[name], filter: list.filters[name] as Filter<never> }));
  const { columns, announced } = db.table(list.model);
  const parent = given.find(({ filter }) => filter.equals && announced?.has(columns.get(filter.equals)?.name ?? ''));
  const own = parent?.filter.equals ? tagsOfValue(db, list.model, parent.filter.equals, parent.value) : tagsOfModel(db, list.model);
  const all = [own, ...given.flatMap(({ filter }) => filter.reads).map((model) => tagsOfModel(db, model))];
  return all.includes(undefined) ? undefined : all.flatMap((tags) => tags ?? []);
}

async function readCounts<M extends ModelName>(db: Database, keys: readonly ListKey<M>[]): Promise<Count[]> {
  const counted = await countUpTo(db, keys);
  const tooMany = keys.filter((_, i) => (counted[i] ?? 0) > MAX_EXACT_COUNT);
  const estimates = tooMany.length === 0 ? [] : await estimate(db, tooMany, MAX_EXACT_COUNT + 1);
  return counted.map((value) =>
    value > MAX_EXACT_COUNT ? { value: estimates.shift() ?? value, isExact: false } : { value, isExact: true },
  );
}
