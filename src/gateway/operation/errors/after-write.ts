// What a mutation may say of an error: whether it was applied decides whether its client may send it again.

import type { ExecutionResult, GraphQLError } from 'graphql';
import { ClientError, DatabaseUnavailable, type ErrorCode } from '../../../errors.ts';

/** Codes that say nothing of what the client has asked for: what was applied must not answer with them. */
const NOT_OF_CLIENT: ReadonlySet<unknown> = new Set<ErrorCode>([
  'INTERNAL_SERVER_ERROR',
  'RATE_LIMITED',
  'OVERLOADED',
  'DEADLINE_EXCEEDED',
  'DATABASE_TIMEOUT',
  'DATABASE_UNAVAILABLE',
]);

const LOOK_FIRST = 'It may have been applied: look before you send it again.';

/** By the context of an operation: the root fields whose resolvers have returned, by their names in the answer. */
const applied = new WeakMap<object, Set<string | number>>();

/** Remembers that a mutation's root field has done what it was asked for: whatever fails from now on, it was applied. */
export function markApplied(ctx: object, responseName: string | number): void {
  applied.getOrInsertComputed(ctx, () => new Set()).add(responseName);
}

type Options = {
  /** The context of the operation. */
  ctx: object;
  data: ExecutionResult['data'];
  /** What was thrown, as far as it is a failure that a client may know of: see `databaseError`. */
  cause: ClientError | undefined;
};

/**
 * The error of a mutation as its client may act on it. Where the root field was applied and its answer does not show it, or could not be
 * read, it is RESULT_UNAVAILABLE. Where the root field failed, and the failure may have come after the write, the message says so.
 */
export function afterWrite(error: GraphQLError, { ctx, data, cause }: Options): GraphQLError {
  const { path, nodes, source, positions, extensions } = error;
  const { code, http: _, retryAfterSeconds: __, ...rest } = extensions as { code: ErrorCode } & Record<string, unknown>;
  const place = { path, nodes, source, positions };
  const root = path?.[0];
  if (root !== undefined && (path?.length !== 1 || applied.get(ctx)?.has(root))) {
    // What has been deleted since is not there, and says so itself.
    if (code === 'NOT_FOUND' || (!NOT_OF_CLIENT.has(code) && data?.[root] != null)) return error;
    const message = 'It was applied, and what it came to could not be read. Do not send it again, but look.';
    return new ClientError('RESULT_UNAVAILABLE', message, { ...rest, reason: code }, place);
  }
  if (code === 'INTERNAL_SERVER_ERROR') return new ClientError(code, `${error.message} ${LOOK_FIRST}`, rest, place);
  if (cause instanceof DatabaseUnavailable && cause.mayHaveApplied)
    return new ClientError(code, `The database went away before it had answered. ${LOOK_FIRST}`, rest, place);
  return error;
}
