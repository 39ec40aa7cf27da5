import pg from 'pg';
import { StartError } from '../../../errors.ts';
import { parseDatabaseUrl } from '../../../resources/database-url.ts';

/** What to do, by PostgreSQL's code of the error. */
const ADVICE: Record<string, string> = {
  '28000': 'Check user and password in DATABASE_URL.',
  '28P01': 'Check user and password in DATABASE_URL.',
  '3D000': 'Create it, or check DATABASE_URL.',
  '42501': 'Grant it to the user of DATABASE_URL.',
  '53300': 'Close connections of others, or raise max_connections.',
  '57P03': 'Try again when it is up.',
};
const IS_TLS = /\b(SSL|TLS|certificate)\b/i;
const IS_TLS_CODE = /CERT|SSL|TLS|LEAF_SIGNATURE/;

/** Why a start cannot use the database, as one sentence without the password. A StartError comes back as it is. */
export function databaseStartError(error: unknown, databaseUrl: string): StartError {
  if (error instanceof StartError) return error;
  const { host, port } = new pg.Client(parseDatabaseUrl(databaseUrl));
  const where = `The database at ${host}:${port}`;
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (error instanceof pg.DatabaseError) {
    const refused = /^(08|28|3D|53|57)/.test(code) ? 'refuses the connection' : 'refuses what a start needs';
    return new StartError(`${where} ${refused} (${message}). ${ADVICE[code] ?? 'Check DATABASE_URL.'}`);
  }
  if (message.startsWith('SASL')) return new StartError(`${where} asks for a password. Check user and password in DATABASE_URL.`);
  if (IS_TLS.test(message) || IS_TLS_CODE.test(code))
    return new StartError(`${where} cannot be reached over TLS (${code || message}). Check sslmode and sslrootcert in DATABASE_URL.`);
  return new StartError(`${where} does not answer (${code || message}). Start it, or check DATABASE_URL.`);
}
