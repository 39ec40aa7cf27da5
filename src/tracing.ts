import type { Flush } from './batching/batcher.ts';
import type { OperationRun, RequestObserver, RequestRecord } from './http/request-record.ts';

/** Makes spans of requests. Where there is none, nothing is made and nothing asked. */
export type Tracing = RequestObserver & {
  /** Takes a flush that an operation had a part in; all of those that shared it tell of it in one turn. */
  onFlush(record: RequestRecord, operation: OperationRun, flush: Flush): void;
};
