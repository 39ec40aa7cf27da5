import { nodeCommand, shippedCommand } from '../../harness/commands.ts';
import { bare, type Dialect, frontend, plainCounts } from '../load/phrase.ts';
import { postgraphile } from '../load/phrase-postgraphile.ts';

export type ServerSpec = {
  name: string;
  /** What it is, for the table's legend. */
  what: string;
  /** The program and its arguments. */
  command: readonly string[];
  settings?: Record<string, string>;
  dialect: Dialect;
  /** Whether the others' answers are compared with its. */
  isReference?: boolean;
  /** Whether it believes a proxy about the addresses of clients: the load then comes from many. */
  isProxied?: boolean;
};

/** Connections to PostgreSQL of each server: what node-postgres and Convoy take when nothing is said. */
export const POOL_SIZE = 10;

/** As every peer is one process. */
export const ONE_WORKER = { MAX_WORKERS: '1' };
/** What one operation may be is enforced. Rates are not limited, and nothing is shed: the load comes from one address, and never pauses. */
const CONVOY_SETTINGS = { ...ONE_WORKER, RATE_LIMIT_ENABLED: 'false', LIMIT_MODES: 'pressure:watch' };
const peerCommand = (name: string): string[] => nodeCommand(`bench/peers/${name}.ts`);
export const CONVOY = { command: shippedCommand(), dialect: frontend };

/** Convoy first: the others' figures and answers are compared with its. */
export const SERVERS = [
  { name: 'convoy', what: 'Convoy as shipped', ...CONVOY, isReference: true, settings: CONVOY_SETTINGS },
  {
    name: 'batching',
    what: 'Convoy with RESPONSE_CACHE=false: batching alone',
    ...CONVOY,
    settings: { ...CONVOY_SETTINGS, RESPONSE_CACHE: 'false' },
  },
  { name: 'postgraphile', what: 'PostGraphile 5, Amber preset, over views', command: peerCommand('postgraphile'), dialect: postgraphile },
  { name: 'mercurius', what: 'Mercurius with loaders and JIT over node-postgres', command: peerCommand('mercurius'), dialect: frontend },
  { name: 'apollo', what: 'Apollo Server 5 with DataLoader over Prisma', command: peerCommand('apollo'), dialect: frontend },
  { name: 'yoga', what: "Yoga with Pothos's Prisma plugin and t.relation", command: peerCommand('yoga'), dialect: plainCounts },
  { name: 'floor', what: 'node:http and one hand-written SQL statement for each operation', command: peerCommand('floor'), dialect: bare },
] as const satisfies readonly ServerSpec[];
