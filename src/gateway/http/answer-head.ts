import { type ErrorCode, isOfRequest } from '../../errors.ts';

/** What an error says about the head of its answer. */
export type ErrorHead = {
  code: ErrorCode;
  status: number;
  headers?: Readonly<Record<string, string>>;
  /** Whether the error has a path: a field has run. */
  isOfField: boolean;
};

export type AnswerHead = {
  status: number;
  /** Under small names. */
  headers: Record<string, string>;
};

/**
 * The HTTP status and headers of a GraphQL answer with errors, by GraphQL over HTTP:
 *
 * - An answer with data is 200.
 * - An answer without data is 200 in every media type but `application/graphql-response+json`, where it has the highest status of its
 *   errors. Many clients of `application/json` do not read the body of any other status: Apollo Client 3, Apollo iOS.
 * - Malformed requests and those refused for rate or load before any field has run keep their status in every media type
 *   (`isOfRequest` in ERROR_CODES), so that proxies and clients that know nothing of GraphQL understand them.
 * - `Retry-After` is the longest that any error asks for, also beside data.
 *
 * `type`: the media type of the answer; undefined for streams.
 */
export function answerHead(errors: readonly ErrorHead[], { hasData, type }: { hasData: boolean; type: string | undefined }): AnswerHead {
  const headers: Record<string, string> = {};
  for (const error of errors)
    for (const [name, value] of Object.entries(error.headers ?? {})) {
      const [key, known] = [name.toLowerCase(), headers[name.toLowerCase()]];
      headers[key] = key === 'retry-after' && Number(known) > Number(value) ? String(known) : value;
    }
  const hasOwnStatus = ({ code, isOfField }: ErrorHead) =>
    type === 'application/graphql-response+json' || (isOfRequest(code) && !isOfField);
  const statuses = hasData ? [] : errors.filter(hasOwnStatus).map(({ status }) => status);
  return { status: Math.max(200, ...statuses), headers };
}
