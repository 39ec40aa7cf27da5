import { constants } from 'node:buffer';
import {
  coerceInputValue,
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  getOperationAST,
  isInputType,
  isNonNullType,
  typeFromAST,
} from 'graphql';
import { mapAsyncIterator, type Plugin } from 'graphql-yoga';
import { BadUserInput, ClientError, ERROR_CODES, type ErrorCode, type InputIssue, isErrorCode, MAX_ISSUES } from '../errors.ts';
import { answerHead, type ErrorHead } from '../gateway/http/answer-head.ts';
import type { LaneContext } from '../http/fast-lane.ts';
import { jsonTypeFor } from '../http/media-type.ts';
import { addError } from '../http/request-record.ts';
import type { Log } from '../log.ts';
import { requestIdOf } from './use-request-id.ts';

type Options = {
  log: Log;
  /** Whether the answer carries the message and stack of an unexpected error. Default false. */
  isDebugging: boolean;
  /** Whether errors about variables keep from telling what may have been meant. */
  hidesSchema: boolean;
  /** Recognises failures of resources that a client may know of. */
  translate: (error: unknown) => ClientError | undefined;
};

/** What Yoga calls for every error: expected ones pass, all else becomes an error without detail that remembers its cause. */
export const createMaskError =
  ({ translate }: Pick<Options, 'translate'>) =>
  (error: unknown): Error => {
    const original = originalOf(error);
    if (original instanceof GraphQLError) return error as GraphQLError;
    // Thrown while a request was being read, by JSON.parse and by GraphQL's parser: in a resolver they would come with a path.
    if (error instanceof SyntaxError) return new ClientError('BAD_REQUEST', 'The request carries JSON that cannot be read.');
    if (error instanceof RangeError) return isOfLength(error) ? answerTooLarge() : new ClientError('GRAPHQL_PARSE_FAILED', TOO_DEEP);
    const place = error instanceof GraphQLError ? placeOf(error) : {};
    // The request's own signal, whose reason everything that waited for data rejects with.
    if (original instanceof DOMException && /^(Abort|Timeout)Error$/.test(original.name))
      return new ClientError('REQUEST_ABORTED', 'The request was aborted.', {}, place);
    const known = translate(original);
    if (known) return new GraphQLError(known.message, { ...place, extensions: known.extensions });
    const masked = new ClientError('INTERNAL_SERVER_ERROR', 'Something went wrong in the gateway.', {}, place);
    causes.set(masked, original);
    return masked;
  };

const TOO_DEEP = 'The document is nested too deeply.';

/** What V8 throws where an answer would be longer than a string may be, half a gigabyte. */
const isOfLength = ({ message }: RangeError) => message === 'Invalid string length';

const answerTooLarge = () =>
  new ClientError('LIMIT_EXCEEDED', 'The answer is too large: ask for less at once.', {
    limit: { name: 'answer', max: constants.MAX_STRING_LENGTH },
  });

/** Where an error belongs, in the answer and in the document. */
const placeOf = ({ nodes, source, positions, path }: GraphQLError) => ({ nodes, source, positions, path });

type Http = { status?: number; headers?: Record<string, string> };

const httpOf = ({ extensions }: ExecutionResult) => extensions?.http as Http | undefined;

const ENOUGH = new Error('There are enough issues.');

const MAX_MESSAGE_LENGTH = 1000;

/** Codes that ask for another try. */
const TRANSIENT: ReadonlySet<unknown> = new Set<ErrorCode>(['RATE_LIMITED', 'OVERLOADED', 'DATABASE_TIMEOUT', 'DATABASE_UNAVAILABLE']);

/** Below its root field a mutation has been applied: whoever tried again as a transient error asks for would write twice. */
function afterWrite(error: GraphQLError): GraphQLError {
  const { code } = error.extensions;
  if (!TRANSIENT.has(code) || (error.path?.length ?? 0) < 2) return error;
  const message = 'It was applied, and what it came to could not be read. Do not send it again, but look.';
  return new ClientError('RESULT_UNAVAILABLE', message, { reason: code }, placeOf(error));
}

/** Messages repeat what was sent, however long it was. */
const short = (message: string) => (message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH)}…` : message);

const causes = new WeakMap<Error, unknown>();

function originalOf(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? originalOf(error.originalError) : error;
}

/** Gives every error its code from the catalogue, unexpected ones the request's id, and logs those once. */
export function useCodedErrors({ log, isDebugging, hidesSchema }: Options): Plugin {
  /** Finishes one answer: of one operation, or of several in the order of their request. */
  const finish = (results: readonly ExecutionResult[], request: Request, { call }: LaneContext): ExecutionResult[] => {
    const heads: ErrorHead[] = [];
    const finished = results.map((result, index) => {
      if (!result.errors) return result;
      const operation = call?.record.operations[index];
      const coded = result.errors.map((error) => codedError(operation?.kind === 'mutation' ? afterWrite(error) : error, request));
      heads.push(...coded.map(({ head }) => head));
      if (call) for (const { head } of coded) addError(call.record, head.code, operation);
      return { ...result, errors: coded.map(({ error }) => error) };
    });
    if (heads.length === 0) return finished;
    const type = jsonTypeFor(request.headers.get('accept') ?? undefined);
    const { status, headers } = answerHead(heads, { hasData: results.some(({ data }) => data != null), type });
    if (call) Object.assign(call.headers, headers);
    // Yoga takes the status of a single result from here, and answers several with 200.
    return finished.map((result) => ({ ...result, extensions: { ...result.extensions, http: { ...httpOf(result), status } } }));
  };

  const codedError = (error: GraphQLError, request: Request): { error: GraphQLError; head: ErrorHead } => {
    const {
      http,
      unexpected: _,
      // Yoga's: the words of the JavaScript engine about a body that is no JSON.
      originalError: __,
      ...extensions
    } = error.extensions as { http?: Http; unexpected?: boolean; originalError?: unknown; code?: string };
    // Yoga's, of an array of too many operations.
    const code =
      http?.status === 413
        ? 'PAYLOAD_TOO_LARGE'
        : isErrorCode(extensions.code)
          ? extensions.code
          : http?.status === 500
            ? 'INTERNAL_SERVER_ERROR'
            : 'BAD_REQUEST';
    const cause = causes.get(error);
    if (code === 'INTERNAL_SERVER_ERROR') {
      const requestId = requestIdOf(request);
      log.error({ err: cause ?? error, requestId, path: error.path }, 'a request failed unexpectedly');
      Object.assign(extensions, { requestId }, isDebugging && cause instanceof Error ? { cause: cause.stack } : {});
    }
    return {
      error: new GraphQLError(short(error.message), { ...placeOf(error), extensions: { ...extensions, code } }),
      head: { code, status: http?.status ?? ERROR_CODES[code].status, headers: http?.headers, isOfField: error.path !== undefined },
    };
  };

  return {
    onExecute: ({ args }) => ({
      onExecuteDone({ result, setResult }) {
        if (isAsyncIterable(result)) return;
        const issues = result.errors && !('data' in result) ? variableIssues(args, hidesSchema) : [];
        if (issues.length > 0) setResult({ errors: [new BadUserInput(issues)] });
      },
    }),
    onResultProcess({ request, result, setResult, serverContext }) {
      const context = serverContext as LaneContext;
      const finishOne = (one: unknown) => finish([one as ExecutionResult], request, context)[0] as ExecutionResult;
      if (Array.isArray(result)) setResult(finish(result as ExecutionResult[], request, context));
      else if (isAsyncIterable(result)) setResult(mapAsyncIterator(result, finishOne) as typeof result);
      else setResult(finishOne(result));
    },
  };
}

/** What is wrong with the variables of an operation, each with its path; nothing where they are right. */
function variableIssues({ schema, document, operationName, variableValues = {} }: ExecutionArgs, hidesSchema: boolean): InputIssue[] {
  const issues: InputIssue[] = [];
  for (const { variable, type: typeNode, defaultValue } of getOperationAST(document, operationName)?.variableDefinitions ?? []) {
    const name = variable.name.value;
    const type = typeFromAST(schema, typeNode);
    const value = variableValues?.[name];
    if (!isInputType(type)) continue;
    if (value === undefined) {
      if (isNonNullType(type) && !defaultValue) issues.push({ path: [name], message: 'A value is needed.' });
      continue;
    }
    try {
      const take = (path: InputIssue['path'], _value: unknown, error: GraphQLError) => {
        issues.push({ path: [name, ...path], message: short(error.message) });
        // A list of many thousand bad values would take seconds.
        if (issues.length >= MAX_ISSUES) throw ENOUGH;
      };
      coerceInputValue(value, type, take as Parameters<typeof coerceInputValue>[2], hidesSchema);
    } catch (error) {
      if (error !== ENOUGH) throw error;
      return issues;
    }
  }
  return issues;
}

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
