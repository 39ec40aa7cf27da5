import type pg from 'pg';
import { sendWatched } from '../batching/statement.ts';
import { withCodeOfDisk } from './database-errors.ts';

/** The same pool, of whose statements those are told who watch: see watchStatements. */
export function watchedPool(pool: pg.Pool): pg.Pool {
  return watched(pool, (client) => watched(client));
}

type Queryable = { query: (config: string | { text: string }, ...rest: unknown[]) => Promise<unknown> };

function watched<T extends pg.Pool | pg.PoolClient>(target: T, wrap?: (client: pg.PoolClient) => pg.PoolClient): T {
  const query: Queryable['query'] = (config, ...rest) =>
    sendWatched(typeof config === 'string' ? config : config.text, () =>
      (target as unknown as Queryable).query(config, ...rest).catch((error) => {
        // Prisma's adapter keeps the code of an error, and little else.
        throw withCodeOfDisk(error);
      }),
    );
  const connect = async () => wrap?.(await (target as pg.Pool).connect());
  return new Proxy(target, {
    get(_, name) {
      if (name === 'query') return query;
      if (name === 'connect' && wrap) return connect;
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
