import type { RequestObserver, RequestRecord } from '../../http/request-record.ts';
import type { Log } from '../../log.ts';

/**
 * An observer whose failures are logged and go no further. It is called from events of the connection, where an exception would end the
 * process, and what it looks at is the client's: a path, headers, names.
 */
export function tolerantObserver(observer: RequestObserver, log: Log): RequestObserver {
  const attempt = ({ requestId }: RequestRecord, observe: () => void) => {
    try {
      observe();
    } catch (error) {
      log.error({ err: error, requestId }, 'a request could not be observed');
    }
  };
  return {
    onRequestStart: (record, req) => attempt(record, () => observer.onRequestStart?.(record, req)),
    onRequestEnd: (record) => attempt(record, () => observer.onRequestEnd(record)),
  };
}
