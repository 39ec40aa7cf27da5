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
import { BadUserInput, ClientError, ERROR_CODES, type ErrorCode, type InputIssue, MAX_ISSUES } from '../errors.ts';
import type { LaneContext } from '../http/fast-lane.ts';
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
    if (error instanceof RangeError) return new ClientError('BAD_REQUEST', 'The document is nested too deeply.');
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

/** Where an error belongs, in the answer and in the document. */
const placeOf = ({ nodes, source, positions, path }: GraphQLError) => ({ nodes, source, positions, path });

type Http = { status?: number; headers?: Record<string, string>; spec?: boolean };

const isErrorCode = (code: string | undefined): code is ErrorCode => code !== undefined && Object.hasOwn(ERROR_CODES, code);

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
  /** `index`: of the operation in its request. */
  const finish = (result: ExecutionResult, request: Request, { call }: LaneContext, index = 0): ExecutionResult => {
    if (!result.errors) return result;
    const hasData = result.data != null;
    const isMutation = call?.record.operations[index]?.kind === 'mutation';
    const errors = result.errors.map((error) => coded(isMutation ? afterWrite(error) : error, request, hasData));
    if (call) for (const { extensions } of errors) addError(call.record, String(extensions.code), call.record.operations[index]);
    return { ...result, errors };
  };

  const coded = (error: GraphQLError, request: Request, hasData: boolean): GraphQLError => {
    const {
      http,
      unexpected: _,
      // Yoga's: the words of the JavaScript engine about a body that is no JSON.
      originalError,
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
    const status = http?.status ?? ERROR_CODES[code].status;
    // GraphQL over HTTP: errors of GraphQL itself answer 200 where a client accepts application/json alone, which Yoga sees to. A body
    // that is no JSON has not come that far.
    const spec = http?.spec && originalError === undefined;
    const cause = causes.get(error);
    if (code === 'INTERNAL_SERVER_ERROR') {
      const requestId = requestIdOf(request);
      log.error({ err: cause ?? error, requestId, path: error.path }, 'a request failed unexpectedly');
      Object.assign(extensions, { requestId }, isDebugging && cause instanceof Error ? { cause: cause.stack } : {});
    }
    // An answer with data is an answer: the status is for those without any.
    const answer = new GraphQLError(short(error.message), {
      ...placeOf(error),
      extensions: { ...extensions, code, ...(hasData ? {} : { http: { headers: http?.headers, status, spec } }) },
    });
    return answer;
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
      if (Array.isArray(result)) setResult(result.map((one, index) => finish(one as ExecutionResult, request, context, index)));
      else if (isAsyncIterable(result))
        setResult(mapAsyncIterator(result, (one) => finish(one as ExecutionResult, request, context)) as typeof result);
      else setResult(finish(result as ExecutionResult, request, context));
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
