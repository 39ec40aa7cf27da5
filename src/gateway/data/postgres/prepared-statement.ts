// Named statements are parsed once on each connection. What PostgreSQL keeps of one may not fit any more: the type of a column has
// changed, an enum was replaced by another of the same name, or something else on the way to the server has dropped the statement.

import { createHash } from 'node:crypto';
import pg from 'pg';

/** What of node-postgres is needed here and is not in its types: the statements that a connection has parsed, by name. */
type Parsed = { parsedStatements: Record<string, string | undefined> };

const parsedOf = (connection: pg.Connection) => (connection as unknown as Parsed).parsedStatements;

/** A name that no other text has, in any process: behind a pooler, several gateways may share a connection. */
export const nameOfStatement = (text: string) => `convoy_${createHash('sha256').update(text).digest('base64url').slice(0, 22)}`;

/** Whether a connection has parsed the statement of this name before. */
export function hasParsed({ connection }: pg.Client, name: string | undefined): boolean {
  return name !== undefined && parsedOf(connection)[name] !== undefined;
}

/**
 * 0A000: its result would have other types than when it was parsed. 26000: there is no such statement. XX000: a type that it was parsed
 * with is gone ("cache lookup failed"). Class 42: it was parsed against other tables, columns, types or operators.
 */
const STALE = /^(0A000|26000|XX000|42\w{3})$/;
/** There is a statement of this name, of which node-postgres does not know. */
const DUPLICATE = '42P05';

/** Whether an error may come from how the statement was parsed before, so that parsing it again may help. */
export function isStale(error: unknown, hadParsed: boolean): boolean {
  if (!(error instanceof pg.DatabaseError)) return false;
  return error.code === DUPLICATE || (hadParsed && STALE.test(error.code ?? ''));
}

/** A query that drops the statement of its name from the connection, and parses it again, in the same round trip. */
export function parsedAgain<R extends pg.QueryResultRow>(
  config: pg.QueryConfig,
  callback: (error: Error | undefined, result: pg.ResultBuilder<R>) => void,
): pg.Query {
  const query = new pg.Query(config, callback as never);
  const submit = query.submit.bind(query);
  const { name = '' } = config;
  query.submit = (connection) => {
    delete parsedOf(connection)[name];
    // No error where there is none.
    connection.close({ type: 'S', name }, true);
    // node-postgres looks at what it returns.
    return submit(connection);
  };
  return query;
}
