import pg from 'pg';

export type Statements = ReturnType<typeof watchStatements>;

const watchers = new Set<(database: string, text: string) => void>();
const query = pg.Client.prototype.query;

// Every statement of this process goes through here, Prisma's too.
pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
  const [config] = args as [string | { text?: string } | undefined];
  const text = typeof config === 'string' ? config : config?.text;
  if (text !== undefined) for (const watch of watchers) watch(this.database ?? '', text);
  return Reflect.apply(query, this, args);
} as typeof query;

/** Records what this process sends to a database from now on. */
export function watchStatements(databaseUrl: string) {
  const name = new URL(databaseUrl).pathname.slice(1);
  let texts: string[] = [];
  const watch = (database: string, text: string) => void (database === name && texts.push(text));
  watchers.add(watch);
  return {
    /** The texts that `work` sends, in order. */
    async during(work: () => Promise<unknown>): Promise<string[]> {
      texts = [];
      await work();
      return texts;
    },
    stop: () => watchers.delete(watch),
  };
}
