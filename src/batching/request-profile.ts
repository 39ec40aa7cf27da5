import type { Flush } from './batcher.ts';
import type { Statement } from './statement.ts';

/** Statements that are named one by one: an operation has few, a subscription goes on for hours. */
const MAX_NAMED = 100;

/** What one request has cost the database. */
export class RequestProfile {
  /** The statements that it had a part in. */
  count = 0;
  /** Those statements, each divided by the requests that shared it. */
  share = 0;
  /** The first of them, in the order in which they returned. */
  readonly statements: Flush[] = [];
  /** What it has sent by itself, without a loader, as mutations do: the first of them, in the order in which they were sent. */
  readonly own: Statement[] = [];

  readonly addOwn = (statement: Statement): void => {
    if (this.own.length < MAX_NAMED) this.own.push(statement);
  };

  readonly add = (flush: Flush): void => {
    this.count++;
    this.share += 1 / Math.max(1, flush.callers);
    if (this.statements.length < MAX_NAMED) this.statements.push(flush);
  };
}
