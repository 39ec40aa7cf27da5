import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { StartError } from '../../errors.ts';

/** An assignment of a quoted value, which may hold line breaks. */
const QUOTED = /^(\s*(?:export\s+)?[\w.-]+\s*=[^\S\r\n]*)(["'`])[\s\S]*?\2/gm;
/** What a line may be: blank, a comment or an assignment. */
const LINE = /^[ \t]*(#.*|(export[ \t]+)?[\w.-]+[ \t]*=.*)?$/;

/**
 * The variables of a .env file; none where there is no such file. Throws StartError where it cannot be read, is not UTF-8, or has a line
 * that is no assignment, which `parseEnv` would leave out without a word. `file` is the path; the error names it by `name`.
 */
export function readEnvFile(file: string, name = '.env'): NodeJS.Dict<string> {
  const text = readText(file, `The file ${name}`);
  if (text === undefined) return {};
  const lines = text.replaceAll(QUOTED, (quoted, before) => before + '\n'.repeat(quoted.split('\n').length - 1)).split(/\r?\n/);
  const wrong = lines.findIndex((line) => !LINE.test(line));
  if (wrong >= 0) throw new StartError(`Line ${wrong + 1} of the file ${name} is neither NAME=value nor a comment: correct it.`);
  return parseEnv(text);
}

/**
 * The text of a file in UTF-8, without a byte order mark, which editors on Windows write; undefined where there is no such file. Throws
 * StartError, which calls the file `what`.
 */
export function readText(file: string, what: string): string | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    const advice = code === 'EISDIR' ? 'it is a folder: put a file there, or remove it' : 'check its permissions';
    throw new StartError(`${what} cannot be read (${code}): ${advice}.`);
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {}
  throw new StartError(`${what} is not text in UTF-8: save it as UTF-8.`);
}
