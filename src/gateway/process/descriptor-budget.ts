// Sockets and files count against one limit of the process (`ulimit -n`). A process at this limit cannot reach its database or accept a
// connection, and a socket that is handed to it is lost. So the connections of clients are bounded below it, and one more is answered 503.

import { StartError } from '../../errors.ts';
import type { ConnectionShare } from '../../workers/connection-budget.ts';

/** How many sockets of clients a process may hold. */
export type SocketShare = {
  /** Connections that a worker serves. */
  connections: number;
  /** Refused connections that stay open until their clients have read the answer, in each process. */
  refused: number;
  /** Connections that wait in the primary for a worker. */
  waiting: number;
};

/** What Node.js itself, Redis, traces and the files that are read now and then take in one process. About 32 were counted. */
const OWN = 48;
/** Beside its pools a worker has a connection that listens to changes, and one to each replica that watches it. */
const WATCHERS = 1;
/** What a worker takes in its primary: its channel, its output, and the sockets that are on their way to it. */
const FOR_WORKER = 8;
/** Fewer connections are of no use. */
const LEAST = 8;
const [MAX_REFUSED, MAX_WAITING] = [1000, 1000];
/** Of the sockets of clients, those that are served; the rest is for those that are refused. */
const SERVED = 0.8;

export type DescriptorBudgetOptions = {
  /** Files and sockets that a process may have open. */
  limit: number;
  /** Workers that serve; 1 is this process. */
  workers: number;
  /** Connections that a worker shall serve. */
  workerConnections: number;
  replicas: number;
  share: ConnectionShare;
};

/** Shares the descriptors of a process out. Throws StartError with the arithmetic where the limit leaves too few for clients. */
export function shareDescriptors({ limit, workers, workerConnections, replicas, share }: DescriptorBudgetOptions): SocketShare {
  const forDatabases = share.primary + WATCHERS + replicas * (share.replica + WATCHERS);
  const free = limit - OWN - forDatabases;
  const connections = Math.min(workerConnections, Math.floor(free * SERVED));
  const forClients = Math.min(LEAST, workerConnections);
  const freeInPrimary = workers > 1 ? limit - OWN - FOR_WORKER * (workers + 1) : free;
  if (connections < forClients || freeInPrimary < LEAST)
    throw new StartError(
      `The limit of open files (ulimit -n) is ${limit}, which is too few: a process takes ${OWN} for itself and ${forDatabases} for connections to databases, and the primary ${FOR_WORKER} for each worker. Raise the limit, or lower DATABASE_CONNECTIONS.`,
    );
  const refused = Math.min(MAX_REFUSED, free - connections, Math.ceil(freeInPrimary / 2));
  return { connections, refused, waiting: Math.min(MAX_WAITING, Math.floor(freeInPrimary / 2)) };
}

/** How many files and sockets this process may have open, and each process that it starts. */
export function maxOpenFiles(): number {
  // Names of network interfaces and peers would be looked up.
  Object.assign(process.report, { excludeNetwork: true });
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft: number | string } } };
  const soft = userLimits?.open_files?.soft;
  // `unlimited`, or a system that has no such limit.
  return typeof soft === 'number' ? soft : Number.POSITIVE_INFINITY;
}
