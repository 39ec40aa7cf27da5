import type { Log } from '../../log.ts';

/**
 * Decides what becomes of failures that nobody handles, from now on. A rejected promise fails the one piece of work that would have waited
 * for it: it is logged, and the process goes on. GraphQL's engines leave such promises behind where a list without nulls has failed at one
 * entry and another one fails later, which rows and clients bring about. An exception has broken off code that may have been halfway through a change of
 * what all requests share: it is logged, and the process ends with exit code 1, for whoever started it to start another.
 */
export function watchFailures(log: Log): void {
  process.on('unhandledRejection', (reason) => log.error({ err: asError(reason) }, 'a promise was rejected that nobody waits for'));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: asError(error) }, 'an exception was thrown that nobody handles: the process ends');
    process.exit(1);
  });
}

/** Anything can be thrown. */
const asError = (thrown: unknown) =>
  thrown instanceof Error ? thrown : new Error('Something was thrown that is no error.', { cause: thrown });
