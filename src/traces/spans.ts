// What a request looks like as spans, by OpenTelemetry's semantic conventions:
//
//   POST /graphql                     the request
//   └─ query Names                    an operation; that it was parsed and validated are events of it
//      └─ batch pages of Spa          its part in a flush, which other requests may have shared
//         └─ SELECT pages of Spa      the statement, once, in the first of these requests' traces
//
// A statement that several requests share is one piece of work with several causes. A span has one parent: it is the first request's,
// and links lead from it to the batch spans of all others, and back. So each trace shows what its request has waited for, and nothing
// is counted twice.

import {
  type Context,
  createTraceState,
  type Link,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Flush } from '../batching/batcher.ts';
import type { Statement } from '../batching/statement.ts';
import { isProbe } from '../http/operator.ts';
import type { OperationRun, RequestRecord } from '../http/request-record.ts';
import { isBrowsersOwn } from '../http/route.ts';
import type { TraceContext } from '../http/trace-context.ts';
import type { Tracing } from '../tracing.ts';
import { describeOperation, describeRequest, describeStatement, type Place, requestAttributes, statementName } from './attributes.ts';
import { createClock } from './clock.ts';

export type SpansOptions = Place & { tracer: Tracer };

/** A request whose trace is sent. */
type Traced = { span: Span; operations: Map<OperationRun, Span> };

/** A flush that was sent, and the operations that had a part in it. */
type Shared = { flush: Flush; parents: Context[] };

/** As many as OpenTelemetry keeps of a span. */
const MAX_LINKS = 128;

export function createSpans({ tracer, ...place }: SpansOptions): Tracing {
  const clock = createClock();
  const underWay = new WeakMap<RequestRecord, Traced>();
  const shared = new Map<Flush, Shared>();

  const operationSpan = ({ span, operations }: Traced, operation: OperationRun): Span => {
    const known = operations.get(operation);
    if (known) return known;
    const started = tracer.startSpan('operation', { startTime: clock.at(operation.startedAt) }, trace.setSpan(ROOT_CONTEXT, span));
    operations.set(operation, started);
    return started;
  };

  /** One batch span for each request; the statements in the first one's. */
  const emit = ({ flush, parents }: Shared): void => {
    const { loader, keys, callers, waitMs, startedAt, durationMs, statements } = flush;
    const attributes = {
      'convoy.loader': loader,
      'convoy.batch.keys': keys,
      'convoy.batch.requests': callers,
      'convoy.batch.wait_ms': waitMs,
    };
    const startTime = clock.at(startedAt);
    const batches = parents.map((parent) => tracer.startSpan(`batch ${loader}`, { startTime, attributes }, parent));
    const [first, ...others] = batches as [Span, ...Span[]];
    const links = others.slice(0, MAX_LINKS).map((other): Link => ({ context: other.spanContext() }));
    for (const statement of statements) {
      const sent = sendStatement(statement, loader, keys, trace.setSpan(ROOT_CONTEXT, first), links);
      for (const other of others) other.addLink({ context: sent });
    }
    for (const batch of batches) batch.end(clock.at(startedAt + durationMs));
  };

  const sendStatement = (statement: Statement, loader: string, keys: number, parent: Context, links: Link[] = []) => {
    const { startedAt, durationMs } = statement;
    const options = { kind: SpanKind.CLIENT, startTime: clock.at(startedAt), links };
    const span = tracer.startSpan(statementName(statement, loader), options, parent);
    describeStatement(span, statement, keys, place);
    span.end(clock.at(startedAt + durationMs));
    return span.spanContext();
  };

  return {
    onRequestStart(record) {
      if (isProbe(record) || isBrowsersOwn(record)) return;
      clock.set();
      const options = {
        kind: SpanKind.SERVER,
        startTime: clock.at(record.startedAt),
        attributes: requestAttributes(record, place),
      };
      const span = tracer.startSpan(record.method, options, remoteContext(record.trace));
      const { traceId } = span.spanContext();
      record.trace ??= { traceId, isSampled: span.isRecording() };
      if (span.isRecording()) underWay.set(record, { span, operations: new Map() });
    },

    onFlush(record, operation, flush) {
      const traced = underWay.get(record);
      if (!traced) return;
      const parent = trace.setSpan(ROOT_CONTEXT, operationSpan(traced, operation));
      const known = shared.get(flush);
      if (known) {
        known.parents.push(parent);
        return;
      }
      const entry = { flush, parents: [parent] };
      shared.set(flush, entry);
      // Those who share it are told one after the other, at once.
      queueMicrotask(() => {
        shared.delete(flush);
        emit(entry);
      });
    },

    onRequestEnd(record) {
      const traced = underWay.get(record);
      if (!traced) return;
      // What is still done for others is theirs.
      underWay.delete(record);
      // A span that never ends is never sent. Whoever is refused may ask as often as they like, and would take the place of all others.
      if (record.status === 429 && record.operations.length === 0) return;
      for (const operation of record.operations) {
        const span = operationSpan(traced, operation);
        for (const [name, moment] of [
          ['graphql.parsed', operation.parsedAt],
          ['graphql.validated', operation.validatedAt],
        ] as const)
          if (moment !== undefined) span.addEvent(name, {}, clock.at(moment));
        const below = trace.setSpan(ROOT_CONTEXT, span);
        for (const statement of operation.profile?.own ?? []) sendStatement(statement, '', 1, below);
        describeOperation(span, operation);
        span.end(clock.at(operation.startedAt + (operation.durationMs ?? 0)));
      }
      describeRequest(traced.span, record, place);
      traced.span.end(clock.at(record.startedAt + record.durationMs));
    },
  };
}

function remoteContext(given: TraceContext | undefined): Context {
  if (given?.parentId === undefined) return ROOT_CONTEXT;
  const { traceId, parentId: spanId, isSampled, state } = given;
  const traceFlags = isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  const traceState = state === undefined ? undefined : createTraceState(state);
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, traceState, isRemote: true });
}
