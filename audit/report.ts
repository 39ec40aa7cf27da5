import { appendFileSync, writeFileSync } from 'node:fs';
import { stripVTControlCharacters, styleText } from 'node:util';
import type { Check, Verdict } from './check.ts';

export type AuditRecord = Pick<Check, 'name' | 'tried' | 'expected'> & Verdict & { ms: number };

/** Prints a line for each check, and writes a record for each where there is a file for them. */
export function createReport({ json, print = console.log }: { json?: string; print?: (line: string) => void }) {
  if (json !== undefined) writeFileSync(json, '');
  let [held, failed] = [0, 0];
  return {
    add(record: AuditRecord): void {
      if (record.holds) held++;
      else failed++;
      const { name, tried, expected, happened } = record;
      const line = [`${record.holds ? 'holds' : 'FAILS'}  ${name}`, tried, `must: ${expected}`, `happened: ${inOneLine(happened)}`].join(
        ' | ',
      );
      print(record.holds ? line : styleText('red', line));
      if (json !== undefined) appendFileSync(json, `${JSON.stringify(record)}\n`);
    },
    /** Prints the sum, and tells whether all held. */
    end(seconds: number): boolean {
      const sum = `${held} of ${held + failed} hold, in ${Math.round(seconds)} s.`;
      print(failed === 0 ? sum : styleText('red', `${sum} ${failed} ${failed === 1 ? 'does' : 'do'} not.`));
      return failed === 0;
    },
  };
}

const MAX_LENGTH = 400;

function inOneLine(text: string): string {
  const line = stripVTControlCharacters(text).replaceAll(/\s+/g, ' ').trim();
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line;
}
