// What the log says of requests.

import type { RequestRecord } from '../../src/http/request-record.ts';
import { createLog } from '../../src/log.ts';
import { createRequestLog, type RequestLogOptions } from '../../src/request-log.ts';
import { until } from './batching.ts';
import { anApp } from './world.ts';

// biome-ignore lint/suspicious/noExplicitAny: a line has the fields of its message.
export type Line = { level: number; msg: string } & Record<string, any>;

/** What every line has, and what differs from run to run. */
const COMMON = ['time', 'pid', 'hostname', 'level', 'msg', 'requestId', 'ms', 'bytes'];

/** The fields of a line but those that every line has. */
export const fieldsOf = (line: Line | undefined) =>
  Object.fromEntries(Object.entries(line ?? {}).filter(([name]) => !COMMON.includes(name)));

/** An app that logs its requests at any level. `linesOf`: the lines of what `work` asks, when so many requests have ended. */
export async function aLoggingApp({
  log: options = {} as RequestLogOptions,
  ...rest
}: Parameters<typeof anApp>[0] & { log?: RequestLogOptions } = {}) {
  const lines: Line[] = [];
  const log = createLog({ level: 'debug', destination: { write: (line: string) => void lines.push(JSON.parse(line)) } });
  const requestLog = createRequestLog(log, options);
  let ended = 0;
  const observer = { onRequestEnd: (_record: RequestRecord) => void ended++ };
  const world = await anApp({ ...rest, isDirect: false, observers: [requestLog, observer] });
  const linesOf = async (work: () => Promise<unknown>, count = 1) => {
    lines.length = ended = 0;
    await work();
    await until(() => ended >= count, 'the requests have ended');
    return [...lines];
  };
  return { ...world, requestLog, linesOf, lineOf: async (work: () => Promise<unknown>) => (await linesOf(work))[0] };
}
