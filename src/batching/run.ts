import type { Entry } from './batch-queue.ts';
import type { Database } from './database.ts';
import { type Statement, timed } from './statement.ts';

/** The work of one call of a batch function. Its statements are cancelled when the last of its entries is not wanted any more. */
export class Run {
  /** The database as the batch function gets it: with the same functions, but that `query` knows when to stop. */
  readonly db: Database;
  /** Those that it has sent so far. */
  readonly statements: Statement[] = [];
  readonly #controller = new AbortController();
  #wanted: number;

  /** `entries`: each is wanted by somebody. */
  constructor({ table, query }: Database, entries: readonly Entry[]) {
    const { signal } = this.#controller;
    this.db = {
      table,
      query: (text, values) => {
        const { statement, result } = timed(text, (sent) => query<never>(text, values, signal, sent));
        this.statements.push(statement);
        return result;
      },
    };
    this.#wanted = entries.length;
    for (const entry of entries) entry.run = this;
  }

  /** Called when one of its entries, which it may have read already, has lost the last who waited for it. */
  forgo(reason: unknown): void {
    if (--this.#wanted === 0) this.#controller.abort(reason);
  }
}
