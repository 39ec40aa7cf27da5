import { ClientError, DatabaseUnavailable, Overloaded } from '../errors.ts';

// 40001, 40P01, P2034: the statement lost against another one; like a lost connection, a second try is the answer. 25006: a server that was
// the primary, or shall be again. 28000, 28P01: it lets the gateway in no more. 53100, 53200, 58030: its disk or memory is full, or its disk fails.
const LOST =
  /^(08...|25006|28...|40001|40P01|P2034|53100|53200|57P0[1-4]|58030|ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|E(HOST|NET)(UNREACH|DOWN)|ENOTFOUND|EAI_AGAIN|P1001|P1002|P1008|P1017|P2028)$/;
/**
 * 42501 is the code of a disk that is read-only, and of a table that the user may not read. The message is in the server's language;
 * the file of PostgreSQL's source that has raised the error tells them apart: these write to disks.
 */
const INSUFFICIENT_PRIVILEGE = '42501';
const STORAGE =
  /^(md|fd|smgr|storage|xlog|xlogrecovery|slru|relmapper|copydir|buffile|fileset|sharedfileset|pgstat|snapbuild|timeline|file_utils)\.c$/;
const IO_ERROR = '58030';
const LOST_MESSAGE = /^(Connection terminated|Client has encountered a connection error|Cannot use a pool after calling end)/;
/**
 * Of those, what ends a connection while it is used: how its last statement ended, a COMMIT perhaps, is not known. Nor is it known after
 * an error of disk or memory. Where a COMMIT cannot write its record, the server restarts (PANIC), and may find the record written after
 * all. The severity that node-postgres shows is in the server's language, so that the code alone decides.
 */
const CUT = /^(08(?!001|004)...|53[12]00|57P0[12]|58030|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|P1008|P1017|P2028)$/;
/** The pool has none free, the server takes no more of them, or this machine has no file descriptor or port for another one. */
const BUSY = /^(P2024|P2037|53300|EMFILE|ENFILE|EADDRNOTAVAIL)$/;
/** No connection of the pool has come free. P2028 is any failure of a transaction, also of one that has not begun. */
const BUSY_MESSAGE = /^timeout exceeded when trying to connect|Unable to start a transaction in the given time/;
/** When whoever was turned away may come again. */
const RETRY_AFTER_MS = 1000;

/**
 * What a client learns of a database that went away or took too long, or undefined for any other error. Drivers wrap their errors:
 * causes are followed. Codes: PostgreSQL's error codes (appendix A), Node's system errors, Prisma's error reference.
 */
export function databaseError(error: unknown): ClientError | undefined {
  if (error instanceof ClientError) return error;
  for (const one of chainOf(error)) {
    const code = String(Reflect.get(one, 'code') ?? Reflect.get(one, 'originalCode') ?? '');
    const message = String(Reflect.get(one, 'message') ?? '');
    if (code === '57014') return new ClientError('DATABASE_TIMEOUT', 'The database took too long to answer.');
    if (BUSY.test(code) || BUSY_MESSAGE.test(message)) return new Overloaded('The database is busy. Try again.', RETRY_AFTER_MS);
    const isCut = CUT.test(code) || LOST_MESSAGE.test(message) || isOfDisk(one);
    if (isCut || LOST.test(code)) return new DatabaseUnavailable(RETRY_AFTER_MS, isCut);
  }
  return undefined;
}

const isOfDisk = (error: object) =>
  Reflect.get(error, 'code') === INSUFFICIENT_PRIVILEGE && STORAGE.test(String(Reflect.get(error, 'file') ?? ''));

/** The same error, with a code of its own where a disk is read-only: who wraps it keeps the code, and not where it came from. */
export function withCodeOfDisk(error: unknown): unknown {
  if (typeof error === 'object' && error !== null && isOfDisk(error)) Reflect.set(error, 'code', IO_ERROR);
  return error;
}

/** An error and what it wraps: `cause`, a driver adapter's error in Prisma's `meta`, the parts of an AggregateError. */
function* chainOf(error: unknown, depth = 0): Generator<object> {
  if (typeof error !== 'object' || error === null || depth > 5) return;
  yield error;
  const wrapped = [
    Reflect.get(error, 'cause'),
    Reflect.get(Reflect.get(error, 'meta') ?? {}, 'driverAdapterError'),
    ...[Reflect.get(error, 'errors') ?? []].flat(),
  ];
  for (const inner of wrapped) yield* chainOf(inner, depth + 1);
}
