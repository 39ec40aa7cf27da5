import type { Log } from '../log.ts';
import type { RateLimitStore, Verdict } from './store.ts';

export type FallbackStoreOptions = {
  log: Log;
  /** Called when the fallback begins to answer, with true, and when the main store does again, with false. */
  onChange?: (isFallback: boolean) => void;
  /** How long after a failure the main store is tried again, in milliseconds. Default 1000. */
  retryMs?: number;
  /** Rejects where the main store could not count. Default: nothing is taken from it, which says little of one that can be read alone. */
  probe?: () => Promise<unknown>;
};

/**
 * A store that answers from a fallback where its main store rejects. Nobody waits for a main store that is known to fail: it is tried
 * beside a call that the fallback answers, once each `retryMs`, and has the calls again from when it was seen to answer.
 *
 * The stores know nothing of each other's counts. A client may have its limit again from the other one when they change, and where
 * the fallback is of one process, from each process while it answers. Calls reject only where the fallback does. Neither of them may
 * be a fallback store itself.
 */
export function createFallbackStore(
  main: RateLimitStore,
  fallback: RateLimitStore,
  { log, onChange, retryMs = 1000, probe }: FallbackStoreOptions,
): RateLimitStore {
  let isFallback = false;
  let isTrying = false;
  let retryAt = 0;
  /** Counts the changes: a call that started before the last one says nothing of the store as it is now. */
  let changes = 0;

  const change = (to: boolean, error?: unknown) => {
    isFallback = to;
    changes++;
    retryAt = performance.now() + retryMs;
    if (to) log.warn({ err: error }, 'the store of rate limits does not answer: this process counts by itself');
    else log.info('the store of rate limits answers again');
    onChange?.(to);
  };
  /** Calls the main store. Resolves to undefined where it failed. */
  const ask = async <T>(call: () => T): Promise<Awaited<T> | undefined> => {
    const before = changes;
    try {
      return await call();
    } catch (error) {
      if (changes === before && !isFallback) change(true, error);
      return undefined;
    }
  };
  const tryMain = async (look: () => unknown) => {
    isTrying = true;
    try {
      await look();
      change(false);
    } catch {
      retryAt = performance.now() + retryMs;
    }
    isTrying = false;
  };
  const takeFromFallback: RateLimitStore['take'] = (...args) => {
    const verdict = fallback.take(...args);
    return verdict instanceof Promise ? verdict.then(marked) : marked(verdict);
  };

  return {
    take(key, windows, amount) {
      if (!isFallback)
        return ask(() => main.take(key, windows, amount)).then((verdict) => verdict ?? takeFromFallback(key, windows, amount));
      if (!isTrying && performance.now() >= retryAt) tryMain(probe ?? (async () => main.take(key, windows, 0)));
      return takeFromFallback(key, windows, amount);
    },
    refund(key, windows, amount, at) {
      if (isMarked(at)) return fallback.refund(key, windows, amount, unmarked(at));
      // What the main store counted while it fails now leaves it by time.
      if (!isFallback) return ask(() => main.refund(key, windows, amount, at));
    },
  };
}

// Where units were taken shows in the sign of their moment, so that they are given back to the store that counted them.
const marked = (verdict: Verdict): Verdict => ({ ...verdict, at: -1 - verdict.at });
const isMarked = (at: number) => at < 0;
const unmarked = (at: number) => -1 - at;
