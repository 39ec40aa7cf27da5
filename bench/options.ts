import { parseArgs } from 'node:util';

const HELP = `npm run bench -- [COMMAND] [OPTIONS]

Loads Convoy and its peers with the frontend's mix of operations, compares their answers, and prints what each took.

Commands
  run      (default) the table: every server at 1, 32 and 256 connections
  cached   a public page from Convoy's response cache, beside a bare node:http server that writes the same bytes
  depth    batching alone: page 1 beside page 5,000, and 200,000 certificates beside 2,000,000; makes the larger database once
  memory   Convoy's memory over five minutes of load
  queries  what one query costs in the process: node-postgres and the gateway's loaders beside Prisma, over one pool
  limits   what the limits cost: all of them, counting and never met, beside none; at 256 and 32 connections
  fairness 499 clients at an even pace, without and with one more that sends fifty times as much

Options
  --quick               under two minutes (queries: 20 s, fairness: three minutes): fewer and shorter rounds
  --only NAMES          these servers, with commas between them
  --connections NUMBERS these numbers of connections, with commas between them
  --rounds N            how often each server, or query, is measured; figures are medians
  --seconds N           how long each measurement lasts
  --rate N              fairness: requests a second of the 499 clients together; 40 % of what the gateway can do by default
  --seed N              other arguments; 1 by default
  --svg FILE            where the picture goes; bench/results/bench.svg by default
  --json FILE           every figure, with the facts of the machine
  --help`;

const COMMANDS = ['run', 'cached', 'depth', 'memory', 'queries', 'limits', 'fairness'] as const;
export type Command = (typeof COMMANDS)[number];

export type Options = {
  command: Command;
  isQuick: boolean;
  only?: string[];
  connections: number[];
  rounds: number;
  seconds: number;
  /** Requests a second of all clients at a pace; undefined for a share of what the gateway can do. */
  rate?: number;
  /** Before each measurement. */
  warmUpSeconds: number;
  /** Before all of them. */
  firstWarmUpSeconds: number;
  /** No round begins that would end later. */
  boundSeconds: number;
  seed: number;
  svg: string;
  json?: string;
};

const LOADS = {
  full: { rounds: 3, seconds: 5, warmUpSeconds: 1 },
  quick: { rounds: 2, seconds: 1, warmUpSeconds: 0.4 },
};
/** Two of one kind, whose difference is small. */
const PAIRS = {
  full: { rounds: 7, seconds: 4, warmUpSeconds: 1 },
  quick: { rounds: 5, seconds: 1, warmUpSeconds: 0.4 },
};
/** A percentile of clients at a pace wants more seconds than one of callers without pause, who send more. */
const PACES = {
  full: { rounds: 7, seconds: 6, warmUpSeconds: 1.5 },
  quick: { rounds: 3, seconds: 4, warmUpSeconds: 1.5 },
};
/** Queries are quick and many: the rounds are short, so that whatever the machine does besides falls on all. */
const QUERIES = {
  full: { rounds: 12, seconds: 0.25, warmUpSeconds: 0.5 },
  quick: { rounds: 5, seconds: 0.12, warmUpSeconds: 0.3 },
};

const LENGTHS: Partial<Record<Command, typeof LOADS>> = { queries: QUERIES, limits: PAIRS, fairness: PACES };

/** A sentence for whoever called. */
export class UsageError extends Error {}

/** Reads the command line; undefined where it asks for help, which is then printed. */
export function readOptions(args: string[]): Options | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return void console.log(HELP);
  const [command = 'run', ...rest] = positionals;
  if (rest.length > 0 || !isCommand(command)) throw new UsageError(`There is no command ${positionals.join(' ')}. See --help.`);
  const isQuick = values.quick ?? false;
  const number = (name: 'rounds' | 'seconds' | 'seed' | 'rate', fallback: number) => {
    const value = Number(values[name] ?? fallback);
    if (!(value > 0) || (name !== 'seconds' && name !== 'rate' && !Number.isInteger(value)))
      throw new UsageError(`--${name} takes a number more than 0.`);
    return value;
  };
  const connections = (values.connections ?? (command === 'limits' ? '256,32' : '1,32,256')).split(',').map(Number);
  if (!connections.every((count) => Number.isInteger(count) && count > 0 && count <= 5000))
    throw new UsageError('--connections takes whole numbers from 1 to 5000, with commas between them.');
  const lengths = (LENGTHS[command] ?? LOADS)[isQuick ? 'quick' : 'full'];
  return {
    command,
    isQuick,
    only: values.only?.split(','),
    connections,
    ...lengths,
    rounds: number('rounds', lengths.rounds),
    seconds: number('seconds', lengths.seconds),
    rate: values.rate === undefined ? undefined : number('rate', 0),
    firstWarmUpSeconds: isQuick ? 1.5 : 4,
    boundSeconds: isQuick ? 112 : 580,
    seed: number('seed', 1),
    svg: values.svg ?? 'bench/results/bench.svg',
    json: values.json,
  };
}

function parse(args: string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        quick: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        only: text,
        connections: text,
        rounds: text,
        seconds: text,
        rate: text,
        seed: text,
        svg: text,
        json: text,
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}. See --help.`);
  }
}

const isCommand = (name: string): name is Command => (COMMANDS as readonly string[]).includes(name);
