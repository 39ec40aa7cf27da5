import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { UsageError } from '../options.ts';
import { readThreshold, type Threshold } from './thresholds.ts';

const HELP = `npm run load -- [OPTIONS]

Loads a gateway with users as the real ones are: each has an address and a connection of its own, thinks between screens, and some
sign in. Starts the gateway, with a PostgreSQL and demo data, or loads one that runs.

  --users N             how many there are; 500 by default
  --spawn R             how many come each second; 50 by default
  --duration S          seconds from when all are there; 60 by default
  --think MIN-MAX       seconds between an answer and the next screen; 1-3 by default
  --soak                ten minutes where --duration is not given; memory must not have grown in the end
  --saturate            instead of users: as many requests as go, over --connections, for one worker and for --workers in turn
  --connections N       of --saturate; 256 by default
  --rounds N            of --saturate, each of --duration seconds, 5 by default, on new processes; 3 by default
  --seed N              other choices; 1 by default

Which gateway
  --url URL             one that runs: it must believe X-Forwarded-For from here (TRUSTED_PROXIES=loopback)
  --pid PID             its process, whose CPU and memory are then measured
  --scale N             the demo data of one that is started: 1 by default, 200,000 certificates
  --workers N           MAX_WORKERS of one that is started
  --redis               starts a Redis for it
  --set NAME=VALUE      a setting of it; may come several times
  DATABASE_URL          in the environment: its database, to which the load writes; a new PostgreSQL by default

What comes of it
  --threshold NAME=N    what must hold: p50, p95, p99, max (ms), errors (a number, or a share: 0.1%), memory (MB of a process), rate
                        (requests/s, at least), growth (of a soak: 5%), ratio (of --saturate, at least); may come several times.
                        By default no error, and p99 at most 50 ms up to 500 users and 200 ms beyond
  --json FILE           every figure, second by second
  --html FILE           a page of charts; bench/results/users.html by default
  --help

Ends with 0 where all thresholds hold, with 1 where one does not, with 2 where the options are wrong.`;

export type UsersOptions = {
  users: number;
  spawnPerSecond: number;
  /** From when all users are there. */
  durationSeconds: number;
  /** The least and the most that a user thinks. */
  thinkMs: readonly [number, number];
  isSoak: boolean;
  seed: number;
  thresholds: Threshold[];
  json?: string;
  html: string;
  /** One that runs already; else one is started. */
  url?: URL;
  pid?: number;
  started: StartedOptions;
  /** As many requests as go, instead of users. */
  saturation?: { connections: number; rounds: number; seconds: number };
};

/** A gateway that is started for the run. */
export type StartedOptions = { scale: number; workers?: number; hasRedis: boolean; settings: Record<string, string> };

const SOAK_SECONDS = 600;
/** Each has an address, and there are some more. */
const MAX_USERS = 40_000;

/** Reads the command line; undefined where it asks for help, which is then printed. Throws UsageError. */
export function readUsersOptions(args: readonly string[]): UsersOptions | undefined {
  const values = parse(args);
  if (values.help) return void console.log(HELP);
  const isSaturation = values.saturate ?? false;
  const isSoak = values.soak ?? false;
  const number = (name: NumberName, fallback: number, { least = 1, most = Number.MAX_SAFE_INTEGER, isWhole = true } = {}) => {
    const value = values[name] === undefined ? fallback : Number(values[name] || Number.NaN);
    if (!(value >= least && value <= most) || (isWhole && !Number.isInteger(value)))
      throw new UsageError(`--${name} takes ${isWhole ? 'a whole number' : 'a number'} from ${least}${most < 1e9 ? ` to ${most}` : ''}.`);
    return value;
  };
  refuseTogether(values, isSaturation);
  return {
    users: number('users', 500, { most: MAX_USERS }),
    spawnPerSecond: number('spawn', 50, { least: 0.1, isWhole: false }),
    durationSeconds: number('duration', isSoak ? SOAK_SECONDS : 60, { least: 0.1, isWhole: false }),
    thinkMs: readThink(values.think ?? '1-3'),
    isSoak,
    seed: number('seed', 1),
    thresholds: (values.threshold ?? []).map(readThreshold),
    json: values.json,
    html: values.html ?? 'bench/results/users.html',
    url: values.url === undefined ? undefined : readUrl(values.url),
    pid: values.pid === undefined ? undefined : number('pid', 0),
    started: {
      scale: number('scale', 1, { least: 0.001, most: 100, isWhole: false }),
      workers: values.workers === undefined && !isSaturation ? undefined : number('workers', availableParallelism(), { most: 256 }),
      hasRedis: values.redis ?? false,
      settings: Object.fromEntries((values.set ?? []).map(readSetting)),
    },
    saturation: isSaturation
      ? {
          connections: number('connections', 256, { most: 5000 }),
          rounds: number('rounds', 3, { most: 100 }),
          seconds: number('duration', 5, { least: 0.1, isWhole: false }),
        }
      : undefined,
  };
}

type Values = ReturnType<typeof parse>;
type NumberName = 'users' | 'spawn' | 'duration' | 'seed' | 'pid' | 'scale' | 'workers' | 'connections' | 'rounds';

/** What belongs to one way alone, and was given in another. */
function refuseTogether(values: Values, isSaturation: boolean): void {
  const refuse = (names: readonly (keyof Values)[], why: string) => {
    const name = names.find((one) => values[one] !== undefined);
    if (name) throw new UsageError(`--${name}: ${why} See --help.`);
  };
  if (values.url !== undefined) refuse(['scale', 'workers', 'redis', 'set'], 'a gateway that runs already, of --url, has its settings.');
  else refuse(['pid'], 'only a gateway of --url is not known; one that is started is.');
  if (isSaturation) refuse(['url', 'users', 'spawn', 'think', 'soak', 'html', 'redis'], '--saturate has no use for it.');
  else refuse(['connections', 'rounds'], 'it belongs to --saturate.');
}

function readThink(text: string): readonly [number, number] {
  const [, least, most] = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  const [from, to] = [Number(least) * 1000, Number(most) * 1000];
  if (!(from <= to && to > 0)) throw new UsageError('--think takes the least and the most seconds, as 1-3.');
  return [from, to];
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new UsageError('--url takes an address as http://127.0.0.1:4000/graphql.');
  if (url.pathname === '/') url.pathname = '/graphql';
  return url;
}

function readSetting(text: string): [string, string] {
  const [, name = '', value = ''] = /^([A-Z][A-Z0-9_]*)=(.*)$/s.exec(text) ?? [];
  if (!name) throw new UsageError(`--set ${text}: it takes a setting and its value, as RESPONSE_CACHE=false.`);
  return [name, value];
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const texts = { type: 'string', multiple: true } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        users: text,
        spawn: text,
        duration: text,
        think: text,
        soak: flag,
        saturate: flag,
        connections: text,
        rounds: text,
        seed: text,
        url: text,
        pid: text,
        scale: text,
        workers: text,
        redis: flag,
        set: texts,
        threshold: texts,
        json: text,
        html: text,
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}. See --help.`);
  }
}
