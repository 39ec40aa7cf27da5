import { parseArgs } from 'node:util';
import { patternOf, UsageError } from '../harness/command.ts';

const HELP = `npm run chaos -- [OPTIONS]

Starts a PostgreSQL, gateways and clients that read and write, kills, holds and starves the parts one after the other, and prints a line
for each fault: what was done, what must hold, and what clients saw. Ends with 0 where all of it holds, 1 where something does not, 2 where
it was called wrongly. What cannot be tried on this machine is skipped, with the reason.

Everything that is harmed was started for it, in temporary folders, and is ended and removed at the end; DATABASE_URL is not looked at.

Options
  --only PATTERN   the scenarios whose names match, a regular expression without regard to case
  --seconds N      how long clients work in each, where the fault does not last longer; 12 by default
  --clients N      how many there are; 60 by default
  --quick          6 seconds each
  --json FILE      a record for each scenario, one JSON object a line
  --help`;

export type Options = {
  /** Which scenarios, by their names. */
  only: RegExp;
  seconds: number;
  clients: number;
  json?: string;
};

/** A visitor, a verifier and a member. */
const LEAST_CLIENTS = 3;
const [MOST_CLIENTS, MOST_SECONDS] = [1000, 600];

/** Reads the command line; undefined where it asks for help, which is then printed. Throws UsageError. */
export function readOptions(args: string[]): Options | undefined {
  const values = parse(args);
  if (values.help) return void console.log(HELP);
  const whole = (name: 'seconds' | 'clients', fallback: number, [least, most]: readonly [number, number]) => {
    const value = Number(values[name] ?? fallback);
    if (!Number.isInteger(value) || value < least || value > most)
      throw new UsageError(`--${name} takes a whole number from ${least} to ${most}.`);
    return value;
  };
  return {
    only: patternOf(values.only ?? ''),
    json: values.json,
    seconds: whole('seconds', values.quick ? 6 : 12, [4, MOST_SECONDS]),
    clients: whole('clients', 60, [LEAST_CLIENTS, MOST_CLIENTS]),
  };
}

function parse(args: string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args,
      options: { only: text, json: text, seconds: text, clients: text, quick: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}. See --help.`);
  }
}
