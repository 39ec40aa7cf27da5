import { openServer } from './database/open-database.ts';
import { type Load, openLoad } from './load/open-load.ts';

export type Session = { server: Awaited<ReturnType<typeof openServer>>; load: Load };

/** Opens PostgreSQL and the process of the load, and closes them when the work is done or has failed. */
export async function withSession(work: (session: Session) => Promise<void>): Promise<void> {
  const server = await openServer();
  const load = openLoad();
  try {
    await work({ server, load });
  } finally {
    await load.close();
    await server.close();
  }
}
