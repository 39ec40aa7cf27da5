import { StartError } from '../errors.ts';
import type { ServerConnections } from '../resources/server-connections.ts';

/** What one worker may have. */
export type ConnectionShare = {
  /** Connections of its pool. */
  primary: number;
  /** Connections of its pool at each replica. */
  replica: number;
};

export type ConnectionBudget = {
  /** Workers that may hold connections at once. */
  slots: number;
  share: ConnectionShare;
  /** What all of them, and this process, may have at the primary together, and at each replica. */
  atPrimary: number;
  atReplica: number;
};

/** This process's own: the lease of the embedded server, and one to look after those of workers. */
const OWN = 2;
/** Beside its pool a worker has one that listens to changes. */
const LISTENERS = 1;
/** A transaction holds a connection, and what it waits for may need another. */
const LEAST = 2;

/**
 * Shares connections out. Where several workers run, there is a share more than workers: in a rolling restart the new one has its connections
 * before the old one has given back its own. Throws StartError with the arithmetic where there are too few.
 */
export function shareConnections({ total, workers, replicas }: { total: number; workers: number; replicas: number }): ConnectionBudget {
  const slots = workers > 1 ? workers + 1 : 1;
  const forPools = Math.floor((total - OWN) / slots) - LISTENERS;
  const replica = replicas === 0 ? 0 : Math.floor(forPools / (replicas + 1));
  const primary = forPools - replica * replicas;
  if (Math.min(primary, replicas === 0 ? LEAST : replica) < LEAST) {
    const least = OWN + slots * (LISTENERS + LEAST * (replicas + 1));
    throw new StartError(
      `DATABASE_CONNECTIONS=${total} is too few: ${OWN} for the gateway itself, and for each of ${slots} processes (${workers} workers${slots > workers ? ' and one that takes the place of another' : ''}) ${LISTENERS} that listens and ${LEAST} for each of ${replicas + 1} databases, come to ${least}. Raise it, or lower MAX_WORKERS.`,
    );
  }
  return {
    slots,
    share: { primary, replica },
    atPrimary: OWN + slots * (LISTENERS + primary),
    atReplica: slots * replica,
  };
}

/** Throws StartError with the arithmetic where a server has not so many connections. `name`: of the server, in the sentence. */
export function checkBudget(name: string, needed: number, { max, reserved }: ServerConnections): void {
  if (needed <= max - reserved) return;
  throw new StartError(
    `DATABASE_CONNECTIONS would take ${needed} connections to ${name}, which has ${max - reserved}: max_connections is ${max}, of which ${reserved} are kept for administrators. Lower DATABASE_CONNECTIONS, or raise max_connections to at least ${needed + reserved}.`,
  );
}
