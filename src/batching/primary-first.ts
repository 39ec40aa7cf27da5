import { setTimeoutAfterPoll } from '../gateway/timeout-after-poll.ts';

/** How long a primary is waited for where another server can answer too, in milliseconds. */
const PATIENCE_MS = 1500;

/** What the primary answers; what `other` answers where the primary fails, be it at one value, or takes too long. */
export async function primaryFirst<V>(primary: () => Promise<(V | Error)[]>, other: () => Promise<(V | Error)[]>): Promise<(V | Error)[]> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeoutAfterPoll(() => resolve(undefined), PATIENCE_MS);
  const values = await Promise.race([primary().catch(() => undefined), late]);
  timer.cancel();
  return values && !values.some((value) => value instanceof Error) ? values : await other();
}
