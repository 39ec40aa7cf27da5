import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { StartError } from '../errors.ts';

/**
 * A secret of the checkout's own, kept in a file that only its user reads: made on first use, and the same for starts that come at the
 * same moment. `instead`: what to do where the file cannot be made or read, for the StartError.
 */
export async function loadOwnSecret(file: string, instead: string): Promise<string> {
  const fresh = `${file}.${randomUUID()}`;
  try {
    await mkdir(path.dirname(file), { recursive: true });
    // On the disk before it is used: a machine that fails soon after would leave an empty file, and a database that nobody can enter.
    await writeFile(fresh, randomBytes(48).toString('base64url'), { mode: 0o600, flush: true });
    // A link takes the name only where nobody has it, and with the whole content behind it.
    await link(fresh, file).catch((error) => {
      if (error.code !== 'EEXIST') throw error;
    });
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const advice = code === 'EROFS' ? 'Its disk is read-only: make it writable.' : instead;
    throw new StartError(`The file ${file} cannot be used (${code}). ${advice}`);
  } finally {
    await rm(fresh, { force: true }).catch(() => undefined);
  }
}
