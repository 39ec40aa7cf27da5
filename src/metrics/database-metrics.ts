import type { EventEmitter } from 'node:events';
import { Counter, Gauge, type Registry } from 'prom-client';

/** What is needed of node-postgres's pool. */
export type WatchedPool = Pick<EventEmitter, 'on'> & {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
  readonly options: { readonly max: number };
};

/** A pool's client; its types do not tell of the connection beneath, which tells of every statement. */
type Client = { readonly connection?: EventEmitter };

type Server = { pool: WatchedPool; statements: number; rows: number };

/** Counts what servers are sent, Prisma's statements as well as the loaders', and shows the pools. */
export function createDatabaseMetrics(registers: Registry[]) {
  const servers = new Map<string, Server>();
  const labelNames = ['server'] as const;
  const count = (name: string, help: string, of: (server: Server) => number) =>
    new Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const [server, watched] of servers) this.inc({ server }, of(watched));
      },
    });
  const show = (name: string, help: string, of: (pool: WatchedPool) => number) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        for (const [server, { pool }] of servers) this.set({ server }, of(pool));
      },
    });

  count('convoy_sql_statements_total', 'SQL statements that a server has answered, with rows or with an error.', (one) => one.statements);
  count('convoy_sql_rows_total', 'Rows that SQL statements have returned or changed.', (one) => one.rows);
  new Gauge({
    name: 'convoy_pool_connections',
    help: 'Connections that a pool has open, in use or idle.',
    labelNames: ['server', 'state'] as const,
    registers,
    collect() {
      for (const [server, { pool }] of servers) {
        this.set({ server, state: 'idle' }, pool.idleCount);
        this.set({ server, state: 'in_use' }, pool.totalCount - pool.idleCount);
      }
    },
  });
  show('convoy_pool_waiting', 'Callers that wait for a connection of a pool.', (pool) => pool.waitingCount);
  show('convoy_pool_max', 'Connections that a pool may have open.', (pool) => pool.options.max);

  return {
    /** Shows a pool, and counts what goes through it. `server`: `primary`, or the name of a replica. */
    watchPool(server: string, pool: WatchedPool): void {
      const watched: Server = { pool, statements: 0, rows: 0 };
      servers.set(server, watched);
      const seen = new WeakSet<Client>();
      // At each use and not at each connect: some were connected before anybody watched.
      pool.on('acquire', (client: Client) => {
        if (seen.has(client)) return;
        seen.add(client);
        client.connection?.on('commandComplete', ({ text }: { text: string }) => {
          watched.statements++;
          watched.rows += rowsOf(text);
        });
        client.connection?.on('errorMessage', () => {
          watched.statements++;
        });
      });
    },
  };
}

/** What PostgreSQL says when a statement is complete ends with its rows, as `SELECT 20` and `INSERT 0 1`; `BEGIN` has none. */
function rowsOf(tag: string): number {
  const rows = Number(tag.slice(tag.lastIndexOf(' ') + 1));
  return Number.isNaN(rows) ? 0 : rows;
}
