import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { StartError } from '../../../errors.ts';

const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'];
/** Files of TLS, and what node-postgres hands them to `createSecureContext` as. */
const TLS_FILES = { sslrootcert: 'ca', sslcert: 'cert', sslkey: 'key' } as const;

/**
 * Checks the parameters of TLS in a database URL: node-postgres takes a mode that it does not know for verify-full, and throws on a file
 * that it cannot read or use. `setting`: where the URL comes from, for errors. Throws StartError.
 */
export function checkTls({ searchParams }: URL, setting: string): void {
  const mode = searchParams.get('sslmode');
  // Of another value it would make a connection in the clear.
  if (!/^(true|false|1|0)$/.test(searchParams.get('ssl') ?? 'false')) throw new StartError(`ssl in ${setting} must be true or false.`);
  if (mode !== null && !SSL_MODES.includes(mode)) throw new StartError(`sslmode in ${setting} must be one of ${SSL_MODES.join(', ')}.`);
  const context: { ca?: Buffer; cert?: Buffer; key?: Buffer } = {};
  for (const [name, part] of Object.entries(TLS_FILES)) {
    const file = searchParams.get(name);
    if (!file) continue;
    try {
      context[part] = readFileSync(file);
    } catch (error) {
      throw new StartError(
        `The file ${file}, which is ${name} in ${setting}, cannot be read (${(error as NodeJS.ErrnoException).code}): correct its path or its permissions.`,
      );
    }
  }
  try {
    // Of what is no certificate, createSecureContext makes an authority that has signed nothing.
    if (context.ca) new X509Certificate(context.ca);
    createSecureContext(context);
  } catch (error) {
    const given = Object.keys(TLS_FILES).filter((name) => searchParams.has(name));
    throw new StartError(`The files of ${given.join(', ')} in ${setting} are not usable (${(error as Error).message}).`);
  }
}
