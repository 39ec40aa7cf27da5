import type { OrderTerm } from '../batching/list-options.ts';
import { BadUserInput } from '../errors.ts';

type Ordered = { orderBy: readonly OrderTerm[] };

/** The place of a row in a list, opaque to clients: the values of the order's terms. `scope` names the list. */
export function encodeCursor(list: Ordered, scope: string, row: object): string {
  const values = list.orderBy.map((term) => term.read(Reflect.get(row, term.field)));
  return Buffer.from(JSON.stringify([scope, ...values])).toString('base64url');
}

/**
 * The values that a cursor holds. Throws BadUserInput for what this list did not give: text that is no cursor, the cursor of another
 * list, values of another type. A well-made forgery is merely a place, because a page shows what its viewer may see anyway.
 */
export function decodeCursor(list: Ordered, scope: string, cursor: string, argument: string): unknown[] {
  const values = parse(cursor);
  const [from, ...marks] = values;
  if (from === scope && marks.length === list.orderBy.length && list.orderBy.every((term, i) => term.accepts(marks[i]))) return marks;
  const isOther = typeof from === 'string' && from !== scope;
  throw new BadUserInput([
    { path: [argument], message: isOther ? 'This is the cursor of another list.' : 'This is not a cursor that the gateway gave.' },
  ]);
}

/** Longer than any that a list gives. */
const MAX_LENGTH = 2000;

function parse(cursor: string): unknown[] {
  if (cursor.length > MAX_LENGTH) return [];
  try {
    const values: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(values) ? values : [];
  } catch {
    return [];
  }
}
