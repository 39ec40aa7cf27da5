import pg from 'pg';

/** What the statement that sets a session up begins with. */
const SESSION_SETUP = 'select set_config(';

export type Statements = ReturnType<typeof watchStatements>;

const watchers = new Set<(server: string, text: string) => void>();
const query = pg.Client.prototype.query;

// Every statement of this process goes through here, Prisma's too.
pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
  const [config] = args as [string | { text?: string } | undefined];
  const text = typeof config === 'string' ? config : config?.text;
  // Connections come and go: what sets one up is nobody's statement.
  if (text !== undefined && !text.startsWith(SESSION_SETUP)) for (const watch of watchers) watch(`${this.port}/${this.database}`, text);
  return Reflect.apply(query, this, args);
} as typeof query;

/** Records what this process sends to a database from now on. */
export function watchStatements(databaseUrl: string) {
  const { port, pathname } = new URL(databaseUrl);
  const server = `${port || 5432}${pathname}`;
  let texts: string[] = [];
  const watch = (to: string, text: string) => void (to === server && texts.push(text));
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
