import fs from 'node:fs';
import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';
import pretty from 'pino-pretty';

export type Log = Logger;

type LogOptions = {
  /** A pino level; default info. */
  level?: string;
  /** Readable lines for a terminal; default JSON lines for machines. */
  isPretty?: boolean;
  /** Where lines go; default standard output. */
  destination?: DestinationStream;
};

/** Lines that wait while nobody reads them, in bytes. Later ones are lost. */
const MAX_WAITING_BYTES = 8 * 2 ** 20;
/** What the system writes to a pipe in one piece, whoever else writes to it: PIPE_BUF of Linux. */
const MAX_WRITE_BYTES = 4096;

/** Of pg: where values stand. */
const VALUES = ['detail', 'where', 'internalQuery'];

/** An error without the values that PostgreSQL repeats, and without what a terminal would obey: messages repeat what clients sent. */
function errorOf(error: Error): object {
  const serialized = stdSerializers.err(error);
  if (typeof serialized !== 'object' || serialized === null) return serialized;
  const shown = Object.entries(serialized).filter(([name]) => !VALUES.includes(name));
  return Object.fromEntries(shown.map(([name, value]) => [name, typeof value === 'string' ? printable(value) : value]));
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const printable = (text: string) => text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '?');

/** How often the end of the process tries to write to a pipe that is full, a tenth of a second apart. */
const MAX_LAST_TRIES = 20;
/** How long the end of the process waits for the write that is under way. */
const LAST_WRITE_MS = 20;

let output: DestinationStream | undefined;

/** One for all logs of a process: each would listen for its end. */
function standardOutput(): DestinationStream {
  output ??= openOutput();
  return output;
}

/**
 * Standard output, written when the event loop comes round, the lines of several requests together; in pieces that the system writes
 * whole, so that processes which share an output do not write into each other's lines.
 */
function openOutput(): DestinationStream {
  // pino writes what waits when the process ends, and not what a thread is about to write: that thread needs a moment.
  process.prependOnceListener('exit', () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LAST_WRITE_MS);
    giveUpWriting();
  });
  return pino.destination({ dest: 1, sync: false, maxLength: MAX_WAITING_BYTES, maxWrite: MAX_WRITE_BYTES });
}

/**
 * Lets the end of the process lose the lines that nobody can take any more. Sonic-boom, which writes for pino, tries again for ever: the
 * process would not end when whoever read its log is gone. Nothing is left then that could write otherwise.
 */
function giveUpWriting(): void {
  const { writeSync } = fs;
  let tries = 0;
  fs.writeSync = ((fd: number, text: string, ...rest: never[]) => {
    try {
      return writeSync(fd, text, ...rest);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN' && ++tries < MAX_LAST_TRIES) throw error;
      return Buffer.byteLength(text);
    }
  }) as typeof fs.writeSync;
}

export function createLog({ level = 'info', isPretty = false, destination }: LogOptions = {}): Log {
  const options = { level, serializers: { err: errorOf }, redact: ['*.password', '*.token', '*.authorization'] };
  if (isPretty) return pino(options, pretty({ colorize: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss', sync: true }));
  return pino(options, destination ?? standardOutput());
}
