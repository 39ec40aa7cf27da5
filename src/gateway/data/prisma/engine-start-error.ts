import { stripVTControlCharacters } from 'node:util';
import { StartError } from '../../../errors.ts';

/** Where in the engine it happened, and under which headings. */
const NOISE =
  /^ +\d+: [\s\S]*|^(external connector error|Error:|Error code: \w+)$|^(Error querying the database: )?(ERROR|db error): |^Error querying the database: /gm;

/** What the engine calls its own errors. A trap of its WASM, or an answer that it cannot read, is none of them. */
const ENGINE_ERROR = 'SchemaConnectorError';

/** What the schema engine says of a failure, as a StartError of one sentence without its own stack. Any other error comes back as it is. */
export function engineStartError(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== ENGINE_ERROR) return error;
  const text = stripVTControlCharacters(error.message);
  const name = /migration_name="([^"]+)"/.exec(text)?.[1];
  const reason = text.replaceAll(NOISE, ' ').replaceAll(/\s+/g, ' ').trim().replace(/\.$/, '');
  return new StartError(
    name === undefined
      ? `The migrations do not apply: ${reason}.`
      : `The migration ${name} does not apply: ${reason}. ${afterFailure(name)}`,
  );
}

type Registry = { consumeError(id: number): { error: unknown } | undefined };

/** What the adapter has thrown below the engine, which names it by a number; undefined where the engine itself has failed. */
export function adapterError(error: unknown, registry: Registry): unknown {
  const [, id] = /\bExternal error id#(\d+)/.exec(error instanceof Error ? error.message : '') ?? [];
  return id === undefined ? undefined : registry.consumeError(Number(id))?.error;
}

/** What to do about a migration that has begun and not finished. */
export function afterFailure(name: string): string {
  return `Mend the cause, then run: update _prisma_migrations set rolled_back_at = now() where migration_name = '${name}' and finished_at is null`;
}
