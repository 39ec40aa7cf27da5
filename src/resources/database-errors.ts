import { ClientError, Overloaded, TryLater } from '../errors.ts';

// 40001, 40P01, P2034: the statement lost against another one; like a lost connection, a second try is the answer. 25006: a server that was
// the primary, or shall be again. 53100, 53200, 58030: its disk or memory is full, or its disk fails.
const LOST =
  /^(08...|25006|40001|40P01|P2034|53100|53200|57P0[1-4]|58030|ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|E(HOST|NET)(UNREACH|DOWN)|ENOTFOUND|EAI_AGAIN|P1001|P1002|P1008|P1017|P2028)$/;
/** Of a file that the server cannot write. Its code, 42501, is also that of a table that its user may not read. */
const READ_ONLY_DISK = /: Read-only file system$/;
const LOST_MESSAGE = /^(Connection terminated|Client has encountered a connection error|Cannot use a pool after calling end)/;
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
    // PANIC: the server ends, whatever the code says of why.
    const isLost = LOST.test(code) || LOST_MESSAGE.test(message) || READ_ONLY_DISK.test(message);
    if (isLost || Reflect.get(one, 'severity') === 'PANIC')
      return new TryLater('DATABASE_UNAVAILABLE', 'The database does not answer at the moment. Try again.', RETRY_AFTER_MS);
  }
  return undefined;
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
