import { stripVTControlCharacters } from 'node:util';
import { StartError } from '../../../errors.ts';

/** Where in the engine it happened, and under which headings. */
const NOISE =
  /^ +\d+: [\s\S]*|^(external connector error|Error:|Error code: \w+)$|^(Error querying the database: )?(ERROR|db error): |^Error querying the database: /gm;

/** What the schema engine says of a failure, as one sentence without its own stack. A StartError comes back as it is. */
export function engineStartError(error: unknown): StartError {
  if (error instanceof StartError) return error;
  const text = stripVTControlCharacters((error as Error).message);
  const name = /migration_name="([^"]+)"/.exec(text)?.[1];
  const reason = text.replaceAll(NOISE, ' ').replaceAll(/\s+/g, ' ').trim().replace(/\.$/, '');
  return new StartError(
    name === undefined
      ? `The migrations do not apply: ${reason}.`
      : `The migration ${name} does not apply: ${reason}. ${afterFailure(name)}`,
  );
}

/** What to do about a migration that has begun and not finished. */
export function afterFailure(name: string): string {
  return `Mend the cause, then run: update _prisma_migrations set rolled_back_at = now() where migration_name = '${name}' and finished_at is null`;
}
