import { GraphQLError, Kind } from 'graphql';
import { ClientError, isErrorCode } from '../../../errors.ts';

/** What was thrown: the innermost of the errors that GraphQL's engines wrap around it to say where. */
export function originalOf(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? originalOf(error.originalError) : error;
}

/**
 * Whether an error is the client's, so that its words may reach the answer. It is told by where it comes from. A GraphQLError alone
 * means nothing: the engines make one of a value that does not fit the schema, and so does anybody's code.
 */
export function isOfClient(error: unknown): error is GraphQLError {
  const original = originalOf(error);
  if (!(error instanceof GraphQLError) || !(original instanceof GraphQLError)) return false;
  if (original instanceof ClientError) return original.extensions.code !== 'INTERNAL_SERVER_ERROR';
  // Yoga's refusals of requests, and expected errors that have been copied to say where.
  const { code, http } = original.extensions as { code?: unknown; http?: { status?: number } };
  if (isErrorCode(code)) return code !== 'INTERNAL_SERVER_ERROR';
  if (http?.status !== undefined) return http.status < 500;
  if (error.path !== undefined) return isOfArgument(original);
  // Before any field has run, GraphQL's own code names places of the document, but for an operation that is not there.
  return error === original && (error.nodes !== undefined || error.positions !== undefined || code === 'OPERATION_RESOLUTION_FAILURE');
}

/** Whether an engine names a value in the document as the cause: what it says of the values of fields, it says of the fields. */
function isOfArgument({ nodes }: GraphQLError): boolean {
  const kind = nodes?.[0]?.kind;
  return kind !== undefined && kind !== Kind.FIELD && kind !== Kind.OPERATION_DEFINITION;
}
