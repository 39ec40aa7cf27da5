import pg from 'pg';
import { StartError } from '../../errors.ts';

/**
 * Runs the work of a command, and ends the process when it is done: timers that libraries leave behind do not hold it. A failure that
 * an operator can mend is one sentence; any other is a fault of the program and is printed with its stack. The exit code is then 1.
 */
export async function runCommand(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    printFailure(error);
    process.exitCode = 1;
  }
  // What was written into a pipe must have left the process before it ends.
  process.stdout.write('', () => process.stderr.write('', () => process.exit()));
}

/** Prints why a start or a command cannot go on. */
export function printFailure(error: unknown): void {
  console.error(sentenceOf(error) ?? error);
}

/** What an operator needs to know of a failure; undefined for a fault of the program. */
export function sentenceOf(error: unknown): string | undefined {
  if (error instanceof StartError) return error.message;
  // What the server says is clear, and nothing that the program did led to it. Its details may hold rows.
  if (error instanceof pg.DatabaseError) return `The database refuses this (${error.message}, code ${error.code}).`;
  return undefined;
}
