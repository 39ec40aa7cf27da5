// What is known of each request: the guard makes a record, whoever learns something writes it down, and observers read it at the end.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { RequestProfile } from '../batching/request-profile.ts';
import { isFailure } from '../errors.ts';
import type { Client } from './client.ts';
import type { TraceContext } from './trace-context.ts';

/** An operation that a request carried. */
export type OperationRun = {
  /** As its document says, or the manifest; as the client says where there is no document. It may be anything of any length. */
  name: string | undefined;
  /** One of few, for metrics: the name where it is a known one, else `other` or `anonymous`. */
  label: string;
  /** Undefined where the document was not parsed. */
  kind: 'query' | 'mutation' | 'subscription' | undefined;
  /** By `performance.now`, in milliseconds. */
  readonly startedAt: number;
  /** By the same clock; undefined where it did not come to this, or its answer was kept. */
  parsedAt: number | undefined;
  validatedAt: number | undefined;
  /** Undefined while it is under way. */
  durationMs: number | undefined;
  /** What it cost, in points; undefined where it was not let in, or its answer was kept. */
  cost: { estimate: number; actual: number | undefined } | undefined;
  /** What it cost the database; undefined where it was not executed. */
  profile: RequestProfile | undefined;
  /** The different codes of its errors. */
  readonly errorCodes: string[];
};

export type RequestRecord = {
  readonly requestId: string;
  readonly method: string;
  /** Without what stands behind the question mark, which may hold variables. */
  readonly path: string;
  /** By `performance.now`, in milliseconds. */
  readonly startedAt: number;
  /** Undefined where the request ended before it was known who sent it. */
  client: Client | undefined;
  /** The trace that it belongs to; undefined where it is in none. */
  trace: TraceContext | undefined;
  /** In the order in which they came: usually one, several for an array, none for a request that is no operation or was refused before. */
  readonly operations: OperationRun[];
  /** `hit` for an answer that was kept, `miss` for one that is kept now, undefined for one that is nobody else's. */
  cache: 'hit' | 'miss' | undefined;
  /** The different codes of all errors. */
  readonly errorCodes: string[];
  /** Whether the answer is a stream that goes on until its source or its client ends it: its duration is that of the client's interest. */
  isStream: boolean;
  /** Known at the end: the HTTP status, 499 where the client left before there was one. */
  status: number;
  /** Known at the end: what the connection took for the answer, its head included. */
  bytes: number;
  /** Known at the end. */
  durationMs: number;
  /** Known at the end: whether the connection was closed before the answer was complete, as a subscription's usually is. */
  isCutOff: boolean;
};

/** Sees every request that came over a socket. What it does takes time of everybody: it must be quick, and must not throw. */
export type RequestObserver = {
  onRequestStart?(record: RequestRecord, req: IncomingMessage): void;
  /** Called once, when the answer has been written or the connection was closed. */
  onRequestEnd(record: RequestRecord): void;
};

const CLIENT_LEFT = 499;
const MAX_CODES = 10;

export function createRequestRecord(
  request: Pick<RequestRecord, 'requestId' | 'method' | 'path'> & Pick<Partial<RequestRecord>, 'trace'>,
): RequestRecord {
  return {
    requestId: request.requestId,
    method: request.method,
    path: request.path,
    startedAt: performance.now(),
    client: undefined,
    trace: request.trace,
    operations: [],
    cache: undefined,
    errorCodes: [],
    isStream: false,
    status: 0,
    bytes: 0,
    durationMs: 0,
    isCutOff: false,
  };
}

/** Writes down one more operation of a request. */
export function addOperation(record: RequestRecord, known: Partial<Pick<OperationRun, 'name' | 'label' | 'kind'>> = {}): OperationRun {
  const operation: OperationRun = {
    name: known.name,
    label: known.label ?? 'anonymous',
    kind: known.kind,
    // The first is asked for by the request itself.
    startedAt: record.operations.length === 0 ? record.startedAt : performance.now(),
    parsedAt: undefined,
    validatedAt: undefined,
    durationMs: undefined,
    cost: undefined,
    profile: undefined,
    errorCodes: [],
  };
  record.operations.push(operation);
  return operation;
}

/** Writes down an error, of an operation where there is one. */
export function addError(record: RequestRecord, code: string, operation?: OperationRun): void {
  for (const codes of operation ? [record.errorCodes, operation.errorCodes] : [record.errorCodes])
    if (codes.length < MAX_CODES && !codes.includes(code)) codes.push(code);
}

/**
 * What came of a request, whatever its HTTP status: `failed` where the gateway or its database failed at any part of it, `refused` where
 * an error tells the client to ask otherwise or later, else `ok`. An answer with data, or as `application/json`, is 200 with each of them.
 */
export function outcomeOf({ status, errorCodes }: Pick<RequestRecord, 'status' | 'errorCodes'>): 'ok' | 'refused' | 'failed' {
  if (status >= 500 || errorCodes.some(isFailure)) return 'failed';
  return status >= 400 || errorCodes.length > 0 ? 'refused' : 'ok';
}

/** What connections have sent for former requests, in bytes. */
const sentBefore = new WeakMap<Socket, number>();

/** Tells observers of a request, and of its end when it comes. */
export function observeRequest(
  req: IncomingMessage,
  res: ServerResponse,
  record: RequestRecord,
  observers: readonly RequestObserver[],
): void {
  if (observers.length === 0) return;
  const { socket } = req;
  // It comes when the answer was written or the connection closed, also for an answer that waits for its turn behind another.
  res.once('close', () => {
    const now = performance.now();
    record.durationMs = now - record.startedAt;
    for (const operation of record.operations) operation.durationMs ??= now - operation.startedAt;
    record.isCutOff = !res.writableFinished;
    record.status ||= res.headersSent ? res.statusCode : CLIENT_LEFT;
    record.bytes = socket.bytesWritten - (sentBefore.get(socket) ?? 0);
    sentBefore.set(socket, socket.bytesWritten);
    for (const observer of observers) observer.onRequestEnd(record);
  });
  for (const observer of observers) observer.onRequestStart?.(record, req);
}
