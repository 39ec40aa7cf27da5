import type { Statement } from './statement.ts';

/** A column of the database behind a field of the Prisma schema. */
export type Column = {
  name: string;
  /** What parameters that are compared with it are cast to: PostgreSQL's SQL for its type, without a length. */
  type: string;
  /** PostgreSQL's name of the type, as in pg_type; `_` for any enum. */
  kind?: string;
  /** What its values are cast to when they are read, so that rows have Prisma's shapes even after its type has changed. */
  readAs?: string;
  isNullable?: boolean;
  /** Why the gateway cannot read it, in a sentence; undefined where it can. */
  objection?: string;
};

/** A table behind a model of the Prisma schema. */
export type Table = {
  name: string;
  /** By the field's name. */
  columns: ReadonlyMap<string, Column>;
  /** The columns whose values are named when a row changes; undefined where changes of the table are not announced. */
  announced?: ReadonlySet<string>;
};

/** What the loaders need of a database. */
export type Database = {
  /**
   * Runs a prepared statement. Columns named like fields come as Prisma gives them: Date, Decimal, parsed JSON. When `signal` is
   * aborted, the statement is cancelled, and this rejects with the signal's reason once its connection is free. Rejects with
   * Overloaded where no connection comes free in time. `statement` is told which replica has run it.
   */
  query<R extends object>(text: string, values: readonly unknown[], signal?: AbortSignal, statement?: Statement): Promise<R[]>;
  /** The table of a model. Throws when the model is unknown. The same function for all that read one database: it can stand for it. */
  table(model: string): Table;
};

/** Quotes an identifier. */
export const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
