import os from 'node:os';
import type { Client } from 'pg';
import { POSTGRES_SETTINGS } from '../database/open-database.ts';

export type Machine = Awaited<ReturnType<typeof machineFacts>>;

/** What the figures depend on. */
export async function machineFacts(admin: Client) {
  const { rows } = await admin.query<{ version: string }>(`select current_setting('server_version') as version`);
  return {
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGigabytes: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    postgresql: rows[0]?.version ?? 'unknown',
    postgresqlSettings: POSTGRES_SETTINGS,
    // What else ran at the start: figures of a busy machine are of little use.
    loadAverage: os.loadavg()[0] ?? Number.NaN,
  };
}

export function describe({ cpu, cores, memoryGigabytes, system, node, postgresql, loadAverage }: Machine): string {
  const busy = loadAverage > 1 ? `\nThe machine was busy before the start (load ${loadAverage.toFixed(1)}): expect noise.` : '';
  return `${cpu}, ${cores} cores, ${memoryGigabytes} GB, ${system}, Node ${node}, PostgreSQL ${postgresql}.${busy}`;
}
