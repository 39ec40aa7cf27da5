import { bare, type Dialect, frontend, plainCounts } from '../load/phrase.ts';
import { postgraphile } from '../load/phrase-postgraphile.ts';
import { peerCommand, shippedCommand } from './commands.ts';

export type ServerSpec = {
  name: string;
  /** What it is, for the table's legend. */
  what: string;
  /** What node is started with. */
  command: readonly string[];
  settings?: Record<string, string>;
  dialect: Dialect;
};

/** Connections to PostgreSQL of each server: what node-postgres and Convoy take when nothing is said. */
export const POOL_SIZE = 10;

/** One worker, as every peer is one process. The limits of rate are on, and count; a load from one address stays below them. */
const CONVOY_SETTINGS = { MAX_WORKERS: '1', RATE_LIMIT_PER_MINUTE: '100000000', RATE_LIMIT_PER_HOUR: '1000000000' };
const convoy = { command: shippedCommand(), dialect: frontend };

/** Convoy first: the others' figures and answers are compared with its. */
export const SERVERS = [
  { name: 'convoy', what: 'Convoy as shipped', ...convoy, settings: CONVOY_SETTINGS },
  {
    name: 'batching',
    what: 'Convoy with RESPONSE_CACHE=false: batching alone',
    ...convoy,
    settings: { ...CONVOY_SETTINGS, RESPONSE_CACHE: 'false' },
  },
  { name: 'postgraphile', what: 'PostGraphile 5, Amber preset, over views', command: peerCommand('postgraphile'), dialect: postgraphile },
  { name: 'mercurius', what: 'Mercurius with loaders and JIT over node-postgres', command: peerCommand('mercurius'), dialect: frontend },
  { name: 'apollo', what: 'Apollo Server 5 with DataLoader over Prisma', command: peerCommand('apollo'), dialect: frontend },
  { name: 'yoga', what: "Yoga with Pothos's Prisma plugin and t.relation", command: peerCommand('yoga'), dialect: plainCounts },
  { name: 'floor', what: 'node:http and one hand-written SQL statement for each operation', command: peerCommand('floor'), dialect: bare },
] as const satisfies readonly ServerSpec[];
