/** Work that is under way for several callers. */
type Work<T> = {
  result: Promise<T | undefined>;
  /** How many callers have not gone. */
  callers: number;
  controller: AbortController;
};

/** Work that callers with the same key share while it is under way. When the last of them has gone it is aborted, and forgotten at once. */
export function createSharedWork<T>() {
  const underWay = new Map<string, Work<T>>();

  function begin(key: string, start: (signal: AbortSignal) => Promise<T | undefined>): Work<T> {
    const controller = new AbortController();
    const result = start(controller.signal).finally(() => forget(key, work));
    const work = { result, callers: 0, controller };
    // Everybody who would hear of it may have gone.
    result.catch(() => undefined);
    underWay.set(key, work);
    return work;
  }

  /** A key whose work was given up may have new work already. */
  function forget(key: string, work: Work<T>): void {
    if (underWay.get(key) === work) underWay.delete(key);
  }

  /** What the work comes to; undefined as soon as the caller's signal is aborted. */
  async function waitFor(key: string, work: Work<T>, signal: AbortSignal | undefined): Promise<T | undefined> {
    work.callers++;
    if (!signal) return await work.result;
    const { promise: gone, resolve } = Promise.withResolvers<undefined>();
    const onAbort = () => {
      resolve(undefined);
      if (--work.callers > 0) return;
      forget(key, work);
      work.controller.abort(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([work.result, gone]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  return {
    /**
     * Joins the work of a key, or starts it. Resolves to undefined for a caller whose signal is aborted. Rejects for all when the work
     * fails.
     */
    async join(key: string, start: (signal: AbortSignal) => Promise<T | undefined>, signal?: AbortSignal): Promise<T | undefined> {
      if (signal?.aborted) return undefined;
      return await waitFor(key, underWay.get(key) ?? begin(key, start), signal);
    },
  };
}
