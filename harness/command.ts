// What commands that start gateways have in common: how they are called, how they are interrupted, and what they end with.

/** A sentence for whoever called. */
export class UsageError extends Error {}

/** Runs the command: the exit code is 0 where all held, 1 where something did not, 2 where it was called wrongly. */
export async function exitCodeOf(run: () => Promise<boolean>): Promise<number> {
  try {
    return (await run()) ? 0 : 1;
  } catch (error) {
    console.error(error instanceof UsageError ? error.message : error);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** The value of `--only`. Throws UsageError. */
export function patternOf(text: string): RegExp {
  try {
    return new RegExp(text, 'i');
  } catch {
    throw new UsageError(`--only takes a regular expression, which ${text} is not.`);
  }
}

/** Ends what was started when somebody interrupts, and then the process: a server that nobody stops would run on without it. */
export function endBySignal(close: () => Promise<void>): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void close()
        .catch(() => undefined)
        .finally(() => process.exit(130));
    });
  }
}

/** What `running` resolves to. Throws where it does not end within the time. */
export async function within<T>(boundMs: number, running: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not end within ${boundMs / 1000} s`)), boundMs);
  });
  try {
    return await Promise.race([running, late]);
  } finally {
    clearTimeout(timer);
  }
}
