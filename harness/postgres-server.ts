import { chmod, rm } from 'node:fs/promises';
import path from 'node:path';
import { seed } from '../prisma/seed/seed.ts';
import { createLog } from '../src/log.ts';
import { createCluster, findCluster } from '../src/resources/embedded-cluster.ts';
import { applyMigrations } from '../src/resources/migrations.ts';
import { createPostgresProcess, PASSWORD } from './postgres-process.ts';
import { rowsOf } from './rows.ts';
import { makeScratchFolder } from './scratch-folder.ts';

export type PostgresServer = Awaited<ReturnType<typeof openPostgresServer>>;

export type PostgresServerOptions = {
  /** An empty folder for its files. Default one of its own, see `makeScratchFolder`. */
  dir?: string;
  /** As `name=value`. */
  settings?: readonly string[];
  /** Demo data at this scale. Default 0.01. */
  seedScale?: number;
};

/** Starts a PostgreSQL of one's own, from the embedded binaries, with demo data. `close` stops it and removes its files; it ends with this process. */
export async function openPostgresServer({ dir, settings = [], seedScale = 0.01 }: PostgresServerOptions = {}) {
  const folder = dir ?? (await makeScratchFolder());
  // Where root starts it, the server runs as another user, who has to enter.
  await chmod(folder, 0o755);
  const cluster = await findCluster({ dir: path.join(folder, 'postgres'), mayMove: true, log: createLog({ level: 'error' }) });
  const server = await createPostgresProcess(cluster, settings);
  process.once('exit', server.abort);
  const close = async () => {
    await server.stop();
    process.off('exit', server.abort);
    for (const one of new Set([cluster.dir, ...(dir === undefined ? [folder] : [])])) await rm(one, { recursive: true, force: true });
  };
  try {
    await createCluster(cluster, PASSWORD);
    await server.start();
    await rowsOf(server.urlTo('postgres'), 'create database convoy');
    await applyMigrations(server.url);
    await seed(server.url, { scale: seedScale });
  } catch (error) {
    await close();
    throw error;
  }
  return { ...server, cluster, close };
}
