/** An answer as it was written. */
export type StoredResponse = {
  /** JSON in UTF-8. */
  body: Buffer;
  etag: string;
  /** Unix milliseconds. */
  expiresAt: number;
  /** The name of the operation that it answers; undefined where it has none. */
  operation?: string;
};

/** What a lookup found; where nothing, the moment in the sequence of invalidations at which it was not there, for `set`. */
export type Lookup = { found: StoredResponse } | { found: undefined; moment: number };

/**
 * Responses by key, each with the tags of what it was made from. Keys and tags are any strings. A response that reads from a table
 * always carries the table's own tag `#table` among the others: it is what an invalidation of the whole table names.
 *
 * The order of calls is what keeps stale responses out: look up, then read the database, then `set` with the lookup's moment.
 */
export type ResponseStore = {
  get(key: string): Lookup | Promise<Lookup>;
  /**
   * Keeps a response that was read after `moment`, and returns true. Returns false, and changes nothing, where one of its tags was
   * invalidated since, or that can no longer be told; where it has expired; and where it is too large.
   */
  set(key: string, response: StoredResponse, tags: readonly string[], moment: number): boolean | Promise<boolean>;
  /** Drops every response that carries one of the tags. */
  invalidate(tags: readonly string[]): void | Promise<void>;
  /** Drops everything, and what was looked up before is not kept either. */
  clear(): void | Promise<void>;
};
