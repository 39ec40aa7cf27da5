import type { Entry } from './batch-queue.ts';
import type { Database } from './database.ts';

/** A statement as it was sent. */
export type Statement = {
  /** Without values, which are sent beside it. */
  text: string;
  /** By `performance.now`, in milliseconds. */
  startedAt: number;
  /** 0 while it is under way. */
  durationMs: number;
  /** Where it failed, with which code: PostgreSQL's, or the error's name. */
  failure?: string;
};

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
        const statement: Statement = { text, startedAt: performance.now(), durationMs: 0 };
        this.statements.push(statement);
        const result = query<never>(text, values, signal);
        const end = () => {
          statement.durationMs = performance.now() - statement.startedAt;
        };
        result.then(end, (error) => {
          end();
          statement.failure = String(error?.code ?? error?.name);
        });
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
