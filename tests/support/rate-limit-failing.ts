import { createLog } from '../../src/log.ts';

/** A log that keeps its lines. */
export function aLog() {
  const lines: string[] = [];
  const log = createLog({ destination: { write: (line) => void lines.push(JSON.parse(line).msg) } });
  return { log, lines };
}

export const GONE = 'the store of rate limits does not answer: this process counts by itself';
export const BACK = 'the store of rate limits answers again';
