import type { RequestObserver } from '../../http/request-record.ts';
import type { Log } from '../../log.ts';

/**
 * An observer whose failures are logged and go no further. It is called from events of the connection, where an exception would end the
 * process, and what it looks at is the client's: a path, headers, names.
 */
export function tolerantObserver(observer: RequestObserver, log: Log): RequestObserver {
  const attempt = (observe: () => void) => {
    try {
      observe();
    } catch (error) {
      log.error({ err: error }, 'a request could not be observed');
    }
  };
  return {
    onRequestStart: (record, req) => attempt(() => observer.onRequestStart?.(record, req)),
    onRequestEnd: (record) => attempt(() => observer.onRequestEnd(record)),
  };
}
