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
import { BadUserInput, ClientError, ERROR_CODES, type InputIssue, isErrorCode, MAX_ISSUES } from '../errors.ts';
import { answerHead, type ErrorHead } from '../gateway/http/answer-head.ts';
import { afterWrite } from '../gateway/operation/errors/after-write.ts';
import { isOfClient, originalOf } from '../gateway/operation/errors/error-origin.ts';
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
  (error: unknown): GraphQLError => {
    if (isOfClient(error) || (error instanceof GraphQLError && causes.has(error))) return error;
    const original = originalOf(error);
    if (error instanceof RangeError && isOfLength(error)) return answerTooLarge();
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

/** The bodies of ordinary requests are shorter. */
const MUCH_BYTES = 10_000;

const MAX_MESSAGE_LENGTH = 1000;

/** Messages repeat what was sent, however long it was. */
const short = (message: string) => (message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH)}…` : message);

/** What was thrown, of errors that do not say so: the log does. */
const causes = new WeakMap<Error, unknown>();

/** Gives every error its code from the catalogue, unexpected ones the request's id, and logs those once. */
export function useCodedErrors({ log, isDebugging, hidesSchema, translate }: Options): Plugin {
  const mask = createMaskError({ translate });

  /** Finishes one answer: of one operation, or of several in the order of their request. */
  const finish = (results: readonly ExecutionResult[], request: Request, { call }: LaneContext): ExecutionResult[] => {
    const heads: ErrorHead[] = [];
    const finished = results.map((result, index) => {
      if (!result.errors) return result;
      // Whatever has made the result: nothing of the inside passes here.
      const coded = result.errors.map((error) => codedError(mask(error), request));
      heads.push(...coded.map(({ head }) => head));
      if (call) for (const { head } of coded) addError(call.record, head.code, call.record.operations[index]);
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
    const { http, unexpected: _, ...extensions } = error.extensions as { http?: Http; unexpected?: boolean; code?: string };
    // Yoga's, of an array of too many operations; what GraphQL's own code and Yoga say of a request without a code of ours is the client's.
    const code = http?.status === 413 ? 'PAYLOAD_TOO_LARGE' : isErrorCode(extensions.code) ? extensions.code : 'BAD_REQUEST';
    if (causes.has(error)) {
      const cause = causes.get(error);
      const requestId = requestIdOf(request);
      log.error({ err: cause, requestId, path: error.path }, 'a request failed unexpectedly');
      Object.assign(extensions, { requestId }, isDebugging && cause instanceof Error ? { cause: cause.stack } : {});
    }
    return {
      error: new GraphQLError(short(error.message), { ...placeOf(error), extensions: { ...extensions, code } }),
      head: { code, status: http?.status ?? ERROR_CODES[code].status, headers: http?.headers, isOfField: error.path !== undefined },
    };
  };

  const ofMutation = (error: GraphQLError, ctx: object, data: ExecutionResult['data']): GraphQLError => {
    const masked = mask(error);
    const told = afterWrite(masked, { ctx, data, cause: translate(originalOf(error)) });
    if (causes.has(masked)) causes.set(told, causes.get(masked));
    return told;
  };

  const refusalOfVariables = (args: ExecutionArgs): ExecutionResult | undefined => {
    const issues = variableIssues(args, hidesSchema);
    return issues.length > 0 ? { errors: [new BadUserInput(issues)] } : undefined;
  };
  const isWithoutData = (result: ExecutionResult) => result.errors !== undefined && !('data' in result);

  return {
    onExecute({ args, setExecuteFn }) {
      const early = mayHoldMuch(args) && refusalOfVariables(args);
      if (early) setExecuteFn(() => early);
      return {
        onExecuteDone({ result, setResult }) {
          if (isAsyncIterable(result)) return;
          if (result.errors && getOperationAST(args.document, args.operationName)?.operation === 'mutation')
            setResult({ ...result, errors: result.errors.map((error) => ofMutation(error, args.contextValue, result.data)) });
          const refusal = isWithoutData(result) && refusalOfVariables(args);
          if (refusal) setResult(refusal);
        },
      };
    },
    onSubscribe({ args, setSubscribeFn }) {
      const early = mayHoldMuch(args) && refusalOfVariables(args);
      if (early) setSubscribeFn(() => early);
      return {
        onSubscribeResult({ result, setResult }) {
          const refusal = !isAsyncIterable(result) && isWithoutData(result) && refusalOfVariables(args);
          if (refusal) setResult(refusal);
        },
      };
    },
    onResultProcess({ request, result, setResult, serverContext }) {
      const context = serverContext as LaneContext;
      const finishOne = (one: unknown) => finish([one as ExecutionResult], request, context)[0] as ExecutionResult;
      if (Array.isArray(result)) setResult(finish(result as ExecutionResult[], request, context));
      else if (isAsyncIterable(result)) setResult(mapAsyncIterator(result, finishOne) as typeof result);
      else setResult(finishOne(result));
    },
  };
}

/**
 * Whether there may be so many values that their issues are looked for before the execution: the executor writes each wrong value whole
 * into a message, and the compiler makes an error of each, which takes a second for 200 KB.
 */
function mayHoldMuch({ contextValue }: ExecutionArgs): boolean {
  const { call } = contextValue as LaneContext;
  return call === undefined || (call.body?.length ?? 0) > MUCH_BYTES;
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
