/** A timeout that is set. */
export type PolledTimeout = {
  /** The callback is not called any more. */
  cancel(): void;
};

/**
 * Calls back after `ms` milliseconds and one further poll of the event loop. A process that was stopped, or starved of CPU time, runs its
 * due timers before it reads its sockets: a plain timer would give up on an answer that has arrived. Use this for every timer that closes,
 * fails or blames something because nothing has come from another process. It keeps the process alive unless `isRef` is false.
 */
export function setTimeoutAfterPoll(callback: () => void, ms: number, { isRef = true }: { isRef?: boolean } = {}): PolledTimeout {
  let afterPoll: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    afterPoll = setImmediate(callback);
    if (!isRef) afterPoll.unref();
  }, ms);
  if (!isRef) timer.unref();
  return {
    cancel() {
      clearTimeout(timer);
      clearImmediate(afterPoll);
    },
  };
}

/** What `work` comes to. Rejects where it comes to nothing within `ms` milliseconds and one further poll; the work itself goes on. */
export async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timeout = setTimeoutAfterPoll(() => late.reject(lateError()), ms, { isRef: false });
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    timeout.cancel();
  }
}

/** What `work` comes to. The signal that it gets is aborted after `ms` milliseconds and one further poll: `AbortSignal.timeout` is a plain timer. */
export async function abortedAfter<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timeout = setTimeoutAfterPoll(() => controller.abort(lateError()), ms, { isRef: false });
  try {
    return await work(controller.signal);
  } finally {
    timeout.cancel();
  }
}

/** The code is the one that the system has for a connection that is silent. */
const lateError = () => Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });
