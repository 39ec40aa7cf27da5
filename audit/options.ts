import { parseArgs } from 'node:util';
import { patternOf, UsageError } from '../harness/command.ts';
import { variables } from '../src/config.ts';

const HELP = `npm run audit -- [OPTIONS]

Starts the gateway, attacks it over HTTP, and prints a line for each thing that must hold: what was tried, what must happen, and what
happened. Ends with 0 where all of it holds, 1 where something does not, 2 where it was called wrongly.

Without DATABASE_URL the gateways get an embedded PostgreSQL in a temporary folder. With it they get databases of their own on that
server, which are dropped at the end; the database that it names is not touched.

Options
  --only PATTERN     the checks whose names match, a regular expression without regard to case
  --json FILE        a record for each check, one JSON object a line
  --set NAME=VALUE   a setting for every gateway of the run, over those of the checks: weaken one, and see the audit notice. Repeatable
  --documents N      random documents; 100,000 by default
  --quick            5,000 of them
  --seed N           other random documents; 1 by default
  --help`;

export type Options = {
  /** Which checks, by their names. */
  only: RegExp;
  json?: string;
  /** Settings over those of the checks. */
  set: Record<string, string>;
  documents: number;
  seed: number;
};

/** Reads the command line; undefined where it asks for help, which is then printed. Throws UsageError. */
export function readOptions(args: string[]): Options | undefined {
  const values = parse(args);
  if (values.help) return void console.log(HELP);
  const whole = (name: 'documents' | 'seed', fallback: number) => {
    const value = Number(values[name] ?? fallback);
    if (!Number.isInteger(value) || value < 1) throw new UsageError(`--${name} takes a whole number more than 0.`);
    return value;
  };
  return {
    only: patternOf(values.only ?? ''),
    json: values.json,
    set: Object.fromEntries((values.set ?? []).map(settingOf)),
    documents: whole('documents', values.quick ? 5_000 : 100_000),
    seed: whole('seed', 1),
  };
}

function parse(args: string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args,
      options: {
        only: text,
        json: text,
        set: { type: 'string', multiple: true },
        documents: text,
        seed: text,
        quick: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}. See --help.`);
  }
}

function settingOf(text: string): [string, string] {
  const [, name = '', value = ''] = /^(\w+)=(.*)$/s.exec(text) ?? [];
  if (!Object.hasOwn(variables, name)) throw new UsageError(`--set takes NAME=VALUE with the name of a setting, not ${text}.`);
  return [name, value];
}
