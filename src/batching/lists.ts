import type { ModelName, Row } from '../resources/models.ts';
import type { Filter, OrderTerm } from './list-options.ts';
import { conditionOf, countUpTo, estimate, type ListDefinition, type ListRequest, type PageRequest, readPages } from './list-statement.ts';
import { type BatchFunction, batchLoader, type HasLoaders } from './request-loaders.ts';
import type { rowLoader } from './rows.ts';

/** How many records are counted one by one; beyond, the planner's estimate serves. */
export const MAX_EXACT_COUNT = 10_000;

export type Count = { value: number; isExact: boolean };

type Filters = Readonly<Record<string, Filter<never>>>;
type ValuesOf<Fs extends Filters> = { [F in keyof Fs]?: (Fs[F] extends Filter<infer V> ? V : never) | null };

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
  const cacheKey = (request: ListRequest<M>) => JSON.stringify(request);

  const pages = batchLoader<PageRequest<M>, Row<M>[], string>(
    `pages of ${model}`,
    byShape(list, (db, requests) => readPages(db, list, requests)),
    cacheKey,
  );
  const counts = batchLoader<ListRequest<M>, Count, string>(
    `counts of ${model}`,
    byShape(list, async (db, requests) => {
      const counted = await countUpTo(db, list, requests, MAX_EXACT_COUNT + 1);
      const tooMany = requests.filter((_, i) => (counted[i] ?? 0) > MAX_EXACT_COUNT);
      const estimates = tooMany.length === 0 ? [] : await estimate(db, list, tooMany, MAX_EXACT_COUNT + 1);
      return counted.map((value) =>
        value > MAX_EXACT_COUNT ? { value: estimates.shift() ?? value, isExact: false } : { value, isExact: true },
      );
    }),
    cacheKey,
  );

  type Request = Omit<ListRequest<M>, 'where'> & { where?: ValuesOf<Fs> };
  return {
    orderBy: options.orderBy,
    /** Up to `limit` rows, in the order they were read: against the list's order where `isReversed`. */
    async page(ctx: HasLoaders, request: Request & { limit: number }): Promise<Row<M>[]> {
      if (request.visible.length === 0) return [];
      const rows = await pages(ctx).load(request);
      const byId = options.byId(ctx);
      for (const row of rows) byId.prime(row[idOf<M>()], row);
      return rows;
    },
    /** How many records the request finds: exact up to 10,000, the planner's estimate above. */
    async count(ctx: HasLoaders, request: Request): Promise<Count> {
      if (request.visible.length === 0) return { value: 0, isExact: true };
      return await counts(ctx).load(request);
    },
  };
}

export type List<M extends ModelName> = ReturnType<typeof listLoader<M, Filters>>;

const idOf = <M extends ModelName>() => 'id' as keyof Row<M> & string;

/** Splits a batch by the SQL that its requests need, and runs one statement for each; those that cannot be shared run alone. */
function byShape<M extends ModelName, K extends ListRequest<M>, V>(
  list: ListDefinition<M>,
  read: (db: Parameters<BatchFunction<K, V>>[0], requests: readonly K[]) => Promise<V[]>,
): BatchFunction<K, V> {
  return async (db, requests) => {
    const shapes = Map.groupBy(requests.keys(), (i) => {
      const request = requests[i] as K;
      const { sql, isBatchable } = conditionOf(db, list, request);
      return `${isBatchable ? '' : i} ${request.isReversed ?? false} ${sql}`;
    });
    const answers = new Array<V | Error>(requests.length);
    await Promise.all(
      [...shapes.values()].map(async (indexes) => {
        try {
          const values = await read(
            db,
            indexes.map((i) => requests[i] as K),
          );
          for (const [position, i] of indexes.entries()) answers[i] = values[position] as V;
        } catch (error) {
          for (const i of indexes) answers[i] = error as Error;
        }
      }),
    );
    return answers;
  };
}
