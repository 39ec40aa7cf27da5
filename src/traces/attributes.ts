// What spans say, by the semantic conventions of OpenTelemetry for HTTP servers, GraphQL servers and database clients. Documents and
// variables are a client's, and are not sent; statements are the gateway's own, and are sent without values.

import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api';
import type { ServerAddress, Statement } from '../batching/statement.ts';
import { isFailure } from '../errors.ts';
import { type OperationRun, outcomeOf, type RequestRecord } from '../http/request-record.ts';
import { cleanedName, cleanedPath } from '../request-log.ts';

export type Place = {
  /** The path of GraphQL. */
  endpoint: string;
  /** Where statements go, but for those that a replica has run. */
  database: ServerAddress & { name: string };
};

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']);
const MAX_TEXT_LENGTH = 2000;

/** What is known of a request when it comes. */
export const requestAttributes = ({ method, path, requestId }: RequestRecord, { endpoint }: Place): Attributes => ({
  'http.request.method': METHODS.has(method) ? method : '_OTHER',
  'url.path': cleanedPath(path),
  ...(path === endpoint ? { 'http.route': endpoint } : {}),
  'convoy.request_id': requestId,
});

export function describeRequest(span: Span, record: RequestRecord, { endpoint }: Place): void {
  const { method, path, client, status, bytes, cache, errorCodes } = record;
  const isAnswered = status !== 499;
  const hasFailed = outcomeOf(record) === 'failed';
  const name = METHODS.has(method) ? method : 'HTTP';
  span.updateName(path === endpoint ? `${name} ${endpoint}` : name);
  span.setAttributes({
    'client.address': client?.address,
    'url.scheme': client?.isSecure ? 'https' : 'http',
    'user.id': client?.userId?.toString(),
    'http.response.status_code': isAnswered ? status : undefined,
    'http.response.size': bytes,
    'error.type': hasFailed ? (errorCodes.find(isFailure) ?? String(status)) : isAnswered ? undefined : 'client_left',
    'convoy.cache': cache,
  });
  // A client's mistake is no failure of the server.
  if (hasFailed) span.setStatus({ code: SpanStatusCode.ERROR });
}

export function describeOperation(span: Span, operation: OperationRun): void {
  const { kind, label, name, cost, profile, errorCodes } = operation;
  // The names of spans are few, as those of metrics are.
  span.updateName(kind === undefined ? 'operation' : label === 'anonymous' ? kind : `${kind} ${label}`);
  span.setAttributes({
    'graphql.operation.name': name === undefined ? undefined : cleanedName(name),
    'graphql.operation.type': kind,
    'convoy.cost': cost && (cost.actual ?? cost.estimate),
    'convoy.statements': profile?.count,
    'convoy.statement_share': profile?.share,
    'error.type': errorCodes[0],
    'convoy.error_codes': errorCodes.length > 0 ? errorCodes : undefined,
  });
  if (errorCodes.some(isFailure)) span.setStatus({ code: SpanStatusCode.ERROR });
}

const commandOf = (text: string) => /^\s*(\w+)/.exec(text)?.[1]?.toUpperCase() ?? 'STATEMENT';

export const statementName = ({ text }: Statement, loader: string) => `${commandOf(text)} ${loader}`.trimEnd();

export function describeStatement(span: Span, { text, failure, server }: Statement, keys: number, { database }: Place): void {
  span.setAttributes({
    'db.system.name': 'postgresql',
    'db.namespace': database.name,
    'db.operation.name': commandOf(text),
    'db.query.text': text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text,
    // Of one that is no batch it is not said.
    'db.operation.batch.size': keys > 1 ? keys : undefined,
    'db.response.status_code': failure !== undefined && /^[0-9A-Z]{5}$/.test(failure) ? failure : undefined,
    'error.type': failure,
    'server.address': (server ?? database).host,
    'server.port': (server ?? database).port,
  });
  if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
}
