import pg from 'pg';
import { StartError } from '../../../errors.ts';
import { databaseError } from '../../../resources/database-errors.ts';
import { parseDatabaseUrl } from '../../../resources/database-url.ts';

/** What to do, by PostgreSQL's code of the error. */
const ADVICE: Record<string, string> = {
  '28000': 'Check user and password in DATABASE_URL.',
  '28P01': 'Check user and password in DATABASE_URL.',
  '3D000': 'Create it, or check DATABASE_URL.',
  '42501': 'Grant it to the user of DATABASE_URL.',
  '53300': 'Close connections of others, or raise max_connections.',
  '57014': 'Raise statement_timeout in DATABASE_URL, or look what keeps the server busy.',
  '57P03': 'Try again when it is up.',
};
/** Node's codes of TLS, and what node-postgres and Node say without one. */
const TLS_CODE = /CERT|SSL|TLS|LEAF_SIGNATURE/;
const TLS_MESSAGE = /\b(SSL connections?|TLS connection)\b/;
/** What node-postgres says where its own bound for a connection is reached. */
const LATE_MESSAGE = 'timeout expired';

/**
 * Why a start cannot use the database, as a StartError of one sentence without the password. What is one already, and what is no failure
 * of the database but a fault of the program, comes back as it is.
 */
export function databaseStartError(error: unknown, databaseUrl: string): unknown {
  if (error instanceof StartError || !(error instanceof Error)) return error;
  const problem = problemOf(error);
  if (problem === undefined) return error;
  const { host, port } = new pg.Client(parseDatabaseUrl(databaseUrl));
  return new StartError(`The database at ${host}:${port} ${problem}`);
}

function problemOf(error: NodeJS.ErrnoException): string | undefined {
  const { code = '', message, syscall } = error;
  if (error instanceof pg.DatabaseError) {
    const refused = /^(08|28|3D|53|57P)/.test(code) ? 'refuses the connection' : 'refuses what a start needs';
    return `${refused} (${message}). ${ADVICE[code] ?? 'Check DATABASE_URL.'}`;
  }
  if (message.startsWith('SASL')) return 'asks for a password. Check user and password in DATABASE_URL.';
  if (TLS_CODE.test(code) || TLS_MESSAGE.test(message))
    return `cannot be reached over TLS (${code || message}). Check sslmode and sslrootcert in DATABASE_URL.`;
  // A unix socket that is not there is ENOENT, as a file is.
  if (databaseError(error) || syscall === 'connect' || message === LATE_MESSAGE)
    return `does not answer (${code || message}). Start it, or check DATABASE_URL.`;
  return undefined;
}
