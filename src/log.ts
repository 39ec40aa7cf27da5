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

export function createLog({ level = 'info', isPretty = false, destination }: LogOptions = {}): Log {
  const options = { level, serializers: { err: stdSerializers.err }, redact: ['*.password', '*.token', '*.authorization'] };
  if (isPretty) return pino(options, pretty({ colorize: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss', sync: true }));
  return destination ? pino(options, destination) : pino(options);
}
