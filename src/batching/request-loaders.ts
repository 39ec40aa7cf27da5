import DataLoader from 'dataloader';
import type { Database } from './database.ts';

/**
 * Reads many keys at once. Answers in the order of the keys, with an Error where a key fails. It reads the database and no other loader:
 * a wave ends when its statements do, so that one that waited for the next wave would wait for ever.
 */
export type BatchFunction<K, V> = (db: Database, keys: readonly K[]) => Promise<readonly (V | Error)[]>;

/** What carries a request's loaders: the GraphQL context. */
export type HasLoaders = { loaders: RequestLoaders };

/**
 * The loaders of one request: a cache for each, and a common beat. A request moves through its operation in waves: what resolvers
 * ask for while statements of the request are under way is kept until the last of them has answered and its resolvers have asked
 * too, then everything leaves together. So the edges of two lists that arrive at different moments share one statement, and the
 * number of statements depends on the operation and never on timing.
 */
export class RequestLoaders {
  readonly #db: Database;
  readonly #loaders = new Map<object, unknown>();
  #waiting: (() => void)[] = [];
  #underWay = 0;
  #isScheduled = false;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Forgets everything that was read: for what a mutation answers, and between the events of a subscription. */
  clear(): void {
    this.#loaders.clear();
  }

  /** The request's own DataLoader of a definition, made on first use. */
  get<K, V, C>(definition: LoaderDefinition<K, V, C>): DataLoader<K, V, C> {
    const existing = this.#loaders.get(definition);
    // The map's key is the definition, which fixes the types of its loader.
    if (existing) return existing as DataLoader<K, V, C>;
    const loader = new DataLoader<K, V, C>((keys) => this.#track(definition.batch(this.#db, keys)), {
      name: definition.name,
      cacheKeyFn: definition.cacheKey,
      batchScheduleFn: (dispatch) => this.#enqueue(dispatch),
    });
    this.#loaders.set(definition, loader);
    return loader;
  }

  #enqueue(dispatch: () => void): void {
    this.#waiting.push(dispatch);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#underWay > 0 || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    // setImmediate runs after all promise jobs: every resolver that an answer has woken has asked by then.
    setImmediate(() => {
      this.#isScheduled = false;
      const wave = this.#waiting;
      this.#waiting = [];
      for (const dispatch of wave) dispatch();
    });
  }

  async #track<T>(statement: Promise<T>): Promise<T> {
    this.#underWay++;
    try {
      return await statement;
    } finally {
      this.#underWay--;
      this.#schedule();
    }
  }
}

export type LoaderDefinition<K, V, C = K> = {
  name: string;
  batch: BatchFunction<K, V>;
  /** What makes two keys one: needed where keys are not primitive. */
  cacheKey?: (key: K) => C;
};

/** Declares a loader. The result gives the request's own instance: `spaById(ctx).load(id)`. */
export function batchLoader<K, V, C = K>(name: string, batch: BatchFunction<K, V>, cacheKey?: (key: K) => C) {
  const definition: LoaderDefinition<K, V, C> = { name, batch, cacheKey };
  return ({ loaders }: HasLoaders): DataLoader<K, V, C> => loaders.get(definition);
}
