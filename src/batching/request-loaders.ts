import DataLoader from 'dataloader';
import { Caller } from './batch-queue.ts';
import type { Batcher, BatchFunction, BatchGroup, Flush } from './batcher.ts';
import type { Database } from './database.ts';
import type { Dependencies, Tags } from './dependencies.ts';
import type { MaybePromise } from './maybe-promise.ts';
import { primaryFirst } from './primary-first.ts';
import type { Route } from './read-routes.ts';

/** A loader of one request. */
export type Loader<K, V> = {
  /** The value of a key: at once where the request knows it, else when its wave has answered. */
  load(key: K): MaybePromise<V>;
  /** Reads what is not known yet of these keys; undefined where all are known. It never rejects: `load` does, for the key that fails. */
  loadAll(keys: Iterable<K>): Promise<void> | undefined;
  /** Makes a value known that came by another way. */
  prime(key: K, value: V): void;
};

/** What carries a request's loaders: the GraphQL context. */
export type HasLoaders = { loaders: RequestLoaders };

/** Keys that a loader was asked for: those that the request knew or waited for already, and those that had to be read. */
export type KeyCounts = { hits: number; misses: number };

export type LoaderSource = {
  /**
   * Whether the primary is read, wherever the request reads: for what decides who may do what. While the primary does not answer, it is
   * read where the rest is. Default false.
   */
  fromPrimary?: boolean;
};

export type RequestLoadersOptions = {
  /** Of the request: when it is aborted, what is still to be read rejects with its reason. */
  signal?: AbortSignal;
  /** Sees the request's statements. */
  onFlush?: (flush: Flush) => void;
  /** Gathers what the request reads. */
  dependencies?: Dependencies;
  /** Where the loader of a name counts its keys. Default nowhere. */
  keyCountsOf?: (loader: string) => KeyCounts;
};

/**
 * The loaders of one request: a cache for each, and a common beat. A request moves through its operation in waves: what resolvers
 * ask for while statements of the request are under way is kept until the last of them has answered and its resolvers have asked
 * too, then everything leaves together. So the edges of two lists that arrive at different moments share one statement, and the
 * number of statements depends on the operation and never on timing. What leaves goes to the batcher, which all requests share.
 */
export class RequestLoaders {
  /** What was read, where somebody wants to know. */
  readonly dependencies: Dependencies | undefined;
  readonly #primary: Batcher;
  #batcher: Batcher;
  #route: Route | undefined;
  #isPrimaryThere = () => true;
  readonly #caller: Caller;
  readonly #keyCountsOf: (loader: string) => KeyCounts;
  readonly #loaders = new Map<object, Loader<never, unknown>>();
  /** Those that read the primary, where others do not. */
  readonly #primaryLoaders = new Map<object, Loader<never, unknown>>();
  #waiting: (() => void)[] = [];
  #underWay = 0;
  #isScheduled = false;

  constructor(batcher: Batcher, { signal, onFlush, dependencies, keyCountsOf }: RequestLoadersOptions = {}) {
    this.#primary = batcher;
    this.#batcher = batcher;
    this.dependencies = dependencies;
    this.#caller = new Caller(onFlush);
    this.#keyCountsOf = keyCountsOf ?? (() => ({ hits: 0, misses: 0 }));
    if (signal?.aborted) this.#caller.leave(signal.reason);
    else signal?.addEventListener('abort', () => this.#caller.leave(signal.reason), { once: true });
  }

  /** Reads from now on where `route` says, which is asked before each wave. `isPrimaryThere`: whether the primary answers, as far as one knows. */
  follow(route: Route, isPrimaryThere = () => true): void {
    this.#route = route;
    this.#isPrimaryThere = isPrimaryThere;
  }

  /** Gives up what is still to be read: it rejects with `reason`, what is asked for later too. */
  leave(reason: unknown): void {
    this.#caller.leave(reason);
  }

  /** Throws the reason why the request has left, where it has. */
  throwIfLeft(): void {
    if (this.#caller.reason !== undefined) throw this.#caller.reason;
  }

  /** Forgets everything that was read: for what a mutation answers, and between the events of a subscription. */
  clear(): void {
    this.#loaders.clear();
    this.#primaryLoaders.clear();
  }

  /** The request's own loader of a definition, made on first use. */
  get<K, V, C>(definition: LoaderDefinition<K, V, C>, { fromPrimary = false }: LoaderSource = {}): Loader<K, V> {
    const isApart = fromPrimary && this.#route !== undefined;
    const loaders = isApart ? this.#primaryLoaders : this.#loaders;
    // The map's key is the definition, which fixes the types of its loader.
    const existing = loaders.get(definition) as Loader<K, V> | undefined;
    if (existing) return existing;
    const loader = this.#create(definition, isApart);
    loaders.set(definition, loader as Loader<never, unknown>);
    return loader;
  }

  /** DataLoader gathers a wave's keys; values that have come are taken from a map, without a promise and without a wait for the next wave. */
  #create<K, V, C>(definition: LoaderDefinition<K, V, C>, isApart: boolean): Loader<K, V> {
    const { name, cacheKey = (key: K) => key as unknown as C } = definition;
    const known = new Map<C, V>();
    const asked = new Map<C, Promise<V>>();
    const counts = this.#keyCountsOf(name);
    const read = async (keys: readonly K[]) => {
      const values = await this.#read(definition, keys, isApart);
      if (this.dependencies) for (const key of keys) this.dependencies.add(definition.tagsOf?.(this.#batcher.db, key));
      for (let i = 0; i < keys.length; i++) {
        const value = values[i] as V | Error;
        if (value instanceof Error) continue;
        known.set(cacheKey(keys[i] as K), value);
        // What decides is often shown too.
        if (isApart) this.get(definition).prime(keys[i] as K, value);
      }
      return values;
    };
    const loader = new DataLoader<K, V, C>((keys) => this.#track(read(keys)), {
      name,
      cacheKeyFn: cacheKey,
      cacheMap: asked,
      batchScheduleFn: (dispatch) => this.#enqueue(dispatch),
    });
    return {
      load(key) {
        const at = cacheKey(key);
        const value = known.get(at);
        if (value !== undefined || known.has(at)) {
          counts.hits++;
          return value as V;
        }
        if (asked.has(at)) counts.hits++;
        else counts.misses++;
        return loader.load(key);
      },
      // One promise for all of them. Where DataLoader waits for one of them too, the batcher reads it once.
      loadAll: (keys) => {
        const missing: K[] = [];
        for (const key of keys) if (!known.has(cacheKey(key))) missing.push(key);
        if (missing.length === 0) return undefined;
        counts.misses += missing.length;
        return new Promise((resolve) =>
          this.#enqueue(() =>
            this.#track(read(missing)).then(
              () => resolve(),
              () => resolve(),
            ),
          ),
        );
      },
      prime: (key, value) => void known.set(cacheKey(key), value),
    };
  }

  async #read<K, V, C>(definition: LoaderDefinition<K, V, C>, keys: readonly K[], isApart: boolean): Promise<(V | Error)[]> {
    const { groupOf, cacheKey } = definition;
    const load = (group: BatchGroup<K, V>, some: readonly K[]) => {
      const from = (batcher: Batcher) => batcher.load(this.#caller, group, some, cacheKey ? some.map((key) => cacheKey(key)) : some);
      if (!isApart || this.#batcher === this.#primary || !this.#isPrimaryThere()) return from(this.#batcher);
      return primaryFirst(
        () => from(this.#primary),
        () => from(this.#batcher),
      );
    };
    if (!groupOf) return await load(definition, keys);
    const [first] = keys as [K];
    if (keys.length === 1) return await load(groupOf(first), keys);
    const values = new Array<V | Error>(keys.length);
    const groups = Map.groupBy(keys.keys(), (i) => groupOf(keys[i] as K));
    await Promise.all(
      Array.from(groups, async ([group, places]) => {
        const found = await load(
          group,
          places.map((i) => keys[i] as K),
        );
        for (const [position, i] of places.entries()) values[i] = found[position] as V | Error;
      }),
    );
    return values;
  }

  #enqueue(dispatch: () => void): void {
    this.#waiting.push(dispatch);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#underWay > 0 || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    if (this.#route) this.#batcher = this.#route();
    this.#batcher.onNextBeat(() => {
      this.#isScheduled = false;
      const wave = this.#waiting;
      this.#waiting = [];
      for (const dispatch of wave) dispatch();
    });
  }

  async #track<T>(reading: Promise<T>): Promise<T> {
    this.#underWay++;
    try {
      return await reading;
    } finally {
      this.#underWay--;
      this.#schedule();
    }
  }
}

export type LoaderDefinition<K, V, C = K> = BatchGroup<K, V> & {
  /** What makes two keys one: needed where keys are not primitive. */
  cacheKey?: (key: K) => C;
  /** Which keys may share a statement, where not all of them may. The same group is the same object. */
  groupOf?: (key: K) => BatchGroup<K, V>;
  /** What a key's value depends on. Without it, an answer that reads the loader is not cached. */
  tagsOf?: (db: Database, key: K) => Tags;
};

/** Declares a loader. The result gives the request's own instance: `spaById(ctx).load(id)`, or `spaById(ctx, { fromPrimary: true })`. */
export function batchLoader<K, V>(name: string, batch: BatchFunction<K, V>, tagsOf?: LoaderDefinition<K, V>['tagsOf']) {
  return declareLoader<K, V>({ name, batch, tagsOf });
}

/** Declares a loader with all that there is to say of it. */
export function declareLoader<K, V, C = K>(definition: LoaderDefinition<K, V, C>) {
  return ({ loaders }: HasLoaders, source?: LoaderSource): Loader<K, V> => loaders.get(definition, source);
}
