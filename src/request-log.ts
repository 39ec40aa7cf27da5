// What the log says of requests: a line for each, another with the statements of an operation that was slow, and one for many that
// were refused. Nothing of it is what a client sent, but for names, which are cleaned.

import type { Flush } from './batching/batcher.ts';
import type { Statement } from './batching/statement.ts';
import { isProbe } from './http/operator.ts';
import { type OperationRun, outcomeOf, type RequestObserver, type RequestRecord } from './http/request-record.ts';
import { isBrowsersOwn } from './http/route.ts';
import type { Log } from './log.ts';

export type RequestLogOptions = {
  /** From how long on an operation is logged with its statements, in milliseconds; 0 for each. Default 1000. */
  slowOperationMs?: number;
  /** How long refusals are counted before a line tells of them, in milliseconds. Default 10000. */
  refusalsMs?: number;
};

export type RequestLog = RequestObserver & {
  /** Tells of what was refused since it told last. */
  close(): void;
};

const MAX_NAME_LENGTH = 80;
const MAX_PATH_LENGTH = 200;
// One line stays below 4096 bytes, which the system writes whole to a pipe, whoever else writes to it.
const MAX_BATCHES = 8;
const MAX_OWN = 4;
const MAX_TEXT_LENGTH = 200;
const MAX_OPERATIONS = 20;

export function createRequestLog(given: Log, { slowOperationMs = 1000, refusalsMs = 10_000 }: RequestLogOptions = {}): RequestLog {
  // What stands in these lines needs no search for secrets, which would take longer than all the rest.
  const log = given.child({}, { redact: [] });
  let refused = 0;
  let clients = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  const tellRefused = () => {
    clearTimeout(timer);
    timer = undefined;
    if (refused > 0) log.info({ requests: refused, clients: clients.size }, 'requests beyond a limit of rate were refused');
    refused = 0;
    clients = new Set();
  };

  const levelOf = (record: RequestRecord): 'debug' | 'info' | 'warn' => {
    const { status, client } = record;
    // No limit counts preflights: a line for each would be anybody's to fill the disk with.
    if (isProbe(record) || (isBrowsersOwn(record) && status < 400)) return 'debug';
    if (status !== 429) return outcomeOf(record) === 'failed' ? 'warn' : 'info';
    // Whoever is refused may ask as often as they like: a line for each would be theirs to fill the disk with.
    refused++;
    if (client && clients.size < 10_000) clients.add(client.key);
    timer ??= setTimeout(tellRefused, refusalsMs).unref();
    return 'debug';
  };

  return {
    onRequestEnd(record) {
      const level = levelOf(record);
      if (log.isLevelEnabled(level)) log[level](lineOf(record), 'request');
      for (const operation of record.operations)
        if (!record.isStream && (operation.durationMs ?? 0) >= slowOperationMs) logSlow(record, operation);
    },
    close: tellRefused,
  };

  function logSlow({ requestId, trace }: RequestRecord, operation: OperationRun): void {
    const { profile, durationMs = 0 } = operation;
    const batches = profile?.statements ?? [];
    // The longest tell why.
    const longest = batches.toSorted((a, b) => b.waitMs + b.durationMs - a.waitMs - a.durationMs).slice(0, MAX_BATCHES);
    log.warn(
      {
        requestId,
        traceId: trace?.traceId,
        ...operationOf(operation),
        ms: rounded(durationMs),
        batches: batches.filter((flush) => longest.includes(flush)).map(batchOf),
        own: profile?.own.length
          ? profile.own
              .toSorted((a, b) => b.durationMs - a.durationMs)
              .slice(0, MAX_OWN)
              .map(ownOf)
          : undefined,
      },
      'slow operation',
    );
  }
}

/** The fields that hold nothing are left out: pino leaves out what is undefined. */
function lineOf(record: RequestRecord): object {
  const { operations, errorCodes, client } = record;
  const [first, second] = operations;
  return {
    requestId: record.requestId,
    traceId: record.trace?.traceId,
    method: record.method,
    path: cleanedPath(record.path),
    status: record.status,
    ms: rounded(record.durationMs),
    bytes: record.bytes,
    cutOff: record.isCutOff || undefined,
    client: client?.key,
    viewer: client?.userId,
    cache: record.cache,
    codes: errorCodes.length > 0 ? errorCodes : undefined,
    ...(second ? { operations: operations.slice(0, MAX_OPERATIONS).map(ofMany), count: operations.length } : first && operationOf(first)),
  };
}

const operationOf = ({ name, kind, cost, profile }: OperationRun) => ({
  operation: name === undefined ? undefined : cleanedName(name),
  kind,
  cost: cost && (cost.actual ?? cost.estimate),
  statements: profile?.count,
  share: profile && rounded(profile.share),
});

const ofMany = (operation: OperationRun) => ({
  ...operationOf(operation),
  codes: operation.errorCodes.length > 0 ? operation.errorCodes : undefined,
});

const batchOf = ({ loader, keys, callers, waitMs, durationMs, statements }: Flush) => ({
  loader,
  keys,
  requests: callers,
  waitMs: rounded(waitMs),
  ms: rounded(durationMs),
  statement: statements.map(({ text }) => shortText(text)).join('; '),
});

const ownOf = ({ text, durationMs }: Statement) => ({ ms: rounded(durationMs), statement: shortText(text) });

/** A statement in one line. Its values are elsewhere. */
const shortText = (text: string) => {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > MAX_TEXT_LENGTH ? `${line.slice(0, MAX_TEXT_LENGTH)}…` : line;
};

/** What a client calls something: no more of it than belongs into a name, so that none writes to a terminal or forges a line. */
const cleaned = (name: string, maxLength: number) => name.slice(0, maxLength).replaceAll(/[^\w .:/-]/g, '?');

export const cleanedName = (name: string) => cleaned(name, MAX_NAME_LENGTH);

export const cleanedPath = (path: string) => cleaned(path.replace(/[;#].*$/, ''), MAX_PATH_LENGTH);

const rounded = (value: number) => Math.round(value * 100) / 100;
