// The catalogue of every error that a client may see, and of those that end a start.

import { GraphQLError, type GraphQLErrorOptions } from 'graphql';

type CatalogueEntry = {
  /** The HTTP status of an answer in `application/graphql-response+json` that has no data. */
  status: number;
  /** Whether that is the status in every media type while no field has run: the request is malformed, or refused for rate or load. */
  isOfRequest?: true;
  meaning: string;
};

/** Every code with its HTTP status and meaning; `answerHead` says when the status is used. README's table is checked against it. */
export const ERROR_CODES = {
  GRAPHQL_PARSE_FAILED: { status: 400, meaning: 'The document is not GraphQL.' },
  GRAPHQL_VALIDATION_FAILED: { status: 400, meaning: 'The document does not fit the schema.' },
  OPERATION_RESOLUTION_FAILURE: { status: 400, meaning: 'The document has no operation of that name, or several and no name was sent.' },
  BAD_REQUEST: { status: 400, isOfRequest: true, meaning: 'The request carries no operation that can be read.' },
  BAD_USER_INPUT: { status: 400, meaning: 'A variable, an argument or an id is wrong; `extensions.issues` names each with its path.' },
  LIMIT_EXCEEDED: {
    status: 400,
    meaning: 'The operation is larger than allowed; `extensions.limit` names the limit, its maximum and what was sent.',
  },
  UNAUTHENTICATED: { status: 401, meaning: 'The operation needs a sign-in, or the token or the password is not valid.' },
  FORBIDDEN: { status: 403, meaning: 'The viewer is signed in and may not do this.' },
  CROSS_SITE_REQUEST: {
    status: 403,
    isOfRequest: true,
    meaning: 'A page of another site could have sent this; send JSON, or a header as the message says.',
  },
  PERSISTED_QUERY_ONLY: { status: 403, meaning: 'Only the documents of the manifest are run here.' },
  PERSISTED_QUERY_NOT_FOUND: { status: 200, meaning: 'The document of this hash is not known; send its text along, once.' },
  PERSISTED_QUERY_NOT_SUPPORTED: { status: 200, meaning: 'Documents are not remembered here; send the text.' },
  NOT_FOUND: {
    status: 404,
    meaning: 'What a mutation should work on does not exist, or the viewer may not see it; or nothing is at this address.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    isOfRequest: true,
    meaning: 'The method is not supported here; `Allow` names those that are. Mutations need POST.',
  },
  NOT_ACCEPTABLE: { status: 406, isOfRequest: true, meaning: 'The `Accept` header names no media type that the result can be written as.' },
  REQUEST_TIMEOUT: { status: 408, isOfRequest: true, meaning: 'The request did not arrive in time; the connection is closed.' },
  CONFLICT: { status: 409, meaning: 'A value is taken, or somebody else has changed the object; `extensions.field` names the field.' },
  PAYLOAD_TOO_LARGE: { status: 413, isOfRequest: true, meaning: 'The body of the request is larger than allowed.' },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    isOfRequest: true,
    meaning: 'The media type, the charset or the compression of the body is not supported.',
  },
  EVENT_STREAM_REQUIRED: {
    status: 406,
    meaning: 'A subscription is answered with server-sent events: send it by itself, with `Accept: text/event-stream`.',
  },
  RATE_LIMITED: {
    status: 429,
    isOfRequest: true,
    meaning: 'Too many requests, points or calls of a field; `Retry-After` says in how many seconds there is room.',
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    isOfRequest: true,
    meaning: 'The headers of the request are larger than allowed; the connection is closed.',
  },
  REQUEST_ABORTED: { status: 499, isOfRequest: true, meaning: 'The client went away before it had its answer; nobody reads this.' },
  OVERLOADED: { status: 503, isOfRequest: true, meaning: 'The gateway or its database has too much to do; try again after `Retry-After`.' },
  DEADLINE_EXCEEDED: { status: 504, meaning: 'The request took longer than one may; what it was reading has been given up.' },
  DATABASE_TIMEOUT: { status: 504, meaning: 'A statement ran longer than the database allows.' },
  DATABASE_UNAVAILABLE: {
    status: 503,
    meaning: 'The database does not answer; try again after `Retry-After`. A mutation without it may have been applied: look first.',
  },
  RESULT_UNAVAILABLE: {
    status: 500,
    meaning:
      'The mutation was applied, and what it came to could not be read: do not send it again, but look. `extensions.reason` is the code of why.',
  },
  INTERNAL_SERVER_ERROR: { status: 500, meaning: 'A fault of the gateway. The log has the cause under `extensions.requestId`.' },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof ERROR_CODES;

export const isErrorCode = (code: unknown): code is ErrorCode => typeof code === 'string' && Object.hasOwn(ERROR_CODES, code);

/** Whether an error of this code holds its status in every media type while no field has run: see `answerHead`. */
export const isOfRequest = (code: ErrorCode): boolean => (ERROR_CODES[code] as CatalogueEntry).isOfRequest ?? false;

/** Whether an error of this code, or of a code that the catalogue lacks, is a failure of the gateway or its database and no mistake of the client. */
export const isFailure = (code: string): boolean => !isErrorCode(code) || ERROR_CODES[code].status >= 500;

/** A failure that a client may see: its message and extensions reach the answer as they are. */
export class ClientError extends GraphQLError {
  constructor(code: ErrorCode, message: string, extensions: Record<string, unknown> = {}, options: GraphQLErrorOptions = {}) {
    super(message, { ...options, extensions: { code, ...extensions, http: { status: ERROR_CODES[code].status } } });
  }
}

/** The methods of the GraphQL endpoint, as in the header `Allow`. */
export const METHODS = 'GET, HEAD, POST, OPTIONS';

export class MethodNotAllowed extends ClientError {
  /** `allow`: the methods that are supported, as in the header of that name. */
  constructor(message = 'GraphQL requests are sent by GET or POST.', allow = METHODS) {
    super('METHOD_NOT_ALLOWED', message);
    Object.assign(this.extensions.http as object, { headers: { allow } });
  }
}

/** Something that is refused now and may be asked for again: the answer carries `Retry-After`, in whole seconds, rounded up. */
export class TryLater extends ClientError {
  constructor(code: ErrorCode, message: string, retryAfterMs: number, extensions: Record<string, unknown> = {}) {
    const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
    super(code, message, { ...extensions, retryAfterSeconds: seconds });
    Object.assign(this.extensions.http as object, { headers: { 'retry-after': String(seconds) } });
  }
}

/** An error as a whole answer over HTTP: its status, its headers under small names, and its body as GraphQL has errors. */
export function refusalOf({ message, extensions: { http, ...extensions } }: ClientError): {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: { errors: [{ message: string; extensions: Record<string, unknown> }] };
} {
  const { status, headers = {} } = http as { status: number; headers?: Record<string, string> };
  return { status, headers, body: { errors: [{ message, extensions }] } };
}

export class RateLimited extends TryLater {
  /** `what`: of what there were too many, as `requests`. `retryAfterMs`: when there is room again, in milliseconds from now. */
  constructor(what: string, retryAfterMs: number, extensions: Record<string, unknown> = {}) {
    super('RATE_LIMITED', `Too many ${what}. Try again in ${Math.max(1, Math.ceil(retryAfterMs / 1000))} s.`, retryAfterMs, extensions);
  }
}

export class Overloaded extends TryLater {
  constructor(message = 'There is too much to do at the moment. Try again.', retryAfterMs = 1000) {
    super('OVERLOADED', message, retryAfterMs);
  }
}

export class DatabaseUnavailable extends TryLater {
  /** Whether the statement that was under way may have been applied all the same: nobody has said how it ended. */
  readonly mayHaveApplied: boolean;

  constructor(retryAfterMs: number, mayHaveApplied: boolean) {
    super('DATABASE_UNAVAILABLE', 'The database does not answer at the moment. Try again.', retryAfterMs);
    this.mayHaveApplied = mayHaveApplied;
  }
}

export class DeadlineExceeded extends ClientError {
  constructor(deadlineMs: number, isMutation = false) {
    const advice = isMutation ? 'It may have been applied: look before you try again.' : 'Ask for less at once, or try again.';
    super('DEADLINE_EXCEEDED', `The request was not answered within ${deadlineMs / 1000} s. ${advice}`);
  }
}

/** One bad value. `path` leads to it from the field's arguments: `['input', 'details', 'invoice', 'items', 0, 'rate']`. */
export type InputIssue = { path: (string | number)[]; message: string };

/** An answer stays small, whatever was sent: the first so many bad values are named. */
export const MAX_ISSUES = 100;

export class BadUserInput extends ClientError {
  constructor(issues: readonly InputIssue[]) {
    const [first] = issues;
    const where = first?.path.length ? `${first.path.join('.')}: ` : '';
    super('BAD_USER_INPUT', `${where}${first?.message ?? 'The input is not valid.'}`, { issues: issues.slice(0, MAX_ISSUES) });
  }
}

export class Unauthenticated extends ClientError {
  constructor(message = 'Sign in to do this.') {
    super('UNAUTHENTICATED', message);
  }
}

export class Forbidden extends ClientError {
  constructor(message = 'You may not do this.') {
    super('FORBIDDEN', message);
  }
}

export class NotFound extends ClientError {
  constructor(what: string) {
    super('NOT_FOUND', `There is no such ${what}.`);
  }
}

export class Conflict extends ClientError {
  /** `field`: the input field whose value is taken or outdated. */
  constructor(field: string, message: string) {
    super('CONFLICT', message, { field });
  }
}

/** A start that cannot go on: its message is one sentence for the operator, printed without a stack. */
export class StartError extends Error {
  override name = 'StartError';
}
