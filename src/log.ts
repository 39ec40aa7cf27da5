import { type Logger, pino, stdSerializers } from 'pino';
import pretty from 'pino-pretty';

export type Log = Logger;

/** JSON lines for machines, readable lines for a terminal. `level`: a pino level, default info. */
export function createLog({ level = 'info', isPretty = false }: { level?: string; isPretty?: boolean } = {}): Log {
  const options = { level, serializers: { err: stdSerializers.err }, redact: ['*.password', '*.token', '*.authorization'] };
  return isPretty
    ? pino(options, pretty({ colorize: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss', sync: true }))
    : pino(options);
}
