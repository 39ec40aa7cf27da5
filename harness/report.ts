import { appendFileSync, writeFileSync } from 'node:fs';
import { stripVTControlCharacters, styleText } from 'node:util';
import type { Verdict } from './verdict.ts';

export type ReportRecord = Verdict & {
  name: string;
  tried: string;
  /** What must happen. */
  expected: string;
  ms: number;
};

/** Prints a line for each thing that was tried, and writes a record for each where there is a file for them. */
export function createReport({ json, print = console.log }: { json?: string; print?: (line: string) => void }) {
  if (json !== undefined) writeFileSync(json, '');
  let [held, failed, skipped] = [0, 0, 0];
  return {
    add(record: ReportRecord): void {
      if (record.isSkipped) skipped++;
      else if (record.holds) held++;
      else failed++;
      const { name, tried, expected, happened } = record;
      const word = record.isSkipped ? 'SKIPPED' : record.holds ? 'holds' : 'FAILS';
      const line = [`${word}  ${name}`, tried, `must: ${expected}`, `happened: ${inOneLine(happened)}`].join(' | ');
      print(record.isSkipped ? styleText('yellow', line) : record.holds ? line : styleText('red', line));
      if (json !== undefined) appendFileSync(json, `${JSON.stringify(record)}\n`);
    },
    /** Prints the sum, and tells whether all held. */
    end(seconds: number): boolean {
      const left = skipped > 0 ? ` ${skipped} skipped.` : '';
      const sum = `${held} of ${held + failed} hold, in ${Math.round(seconds)} s.${left}`;
      print(failed === 0 ? sum : styleText('red', `${sum} ${failed} ${failed === 1 ? 'does' : 'do'} not.`));
      return failed === 0;
    },
  };
}

const MAX_LENGTH = 800;

function inOneLine(text: string): string {
  const line = stripVTControlCharacters(text).replaceAll(/\s+/g, ' ').trim();
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line;
}
