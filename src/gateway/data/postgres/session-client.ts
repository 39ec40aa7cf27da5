import pg from 'pg';
import { StartError } from '../../../errors.ts';
import { setTimeoutAfterPoll } from '../../timeout-after-poll.ts';

/** `schema`: the PostgreSQL schema that unqualified names are found in, default `public`, as Prisma's is. */
export type SessionConfig = pg.ClientConfig & { schema?: string };

type Callback = (error: Error | null, client?: pg.Client) => void;
type StartupParameters = Record<string, string>;

/** How long the server may take to set a session up where the connection itself has no bound, in milliseconds. */
const SETUP_MS = 10_000;

/**
 * What decides the form and the meaning of data. A database, a role or a server may have other defaults for each of these, and then
 * moments cannot be read, texts in SQL mean something else, or `= any(…)` finds other rows.
 */
const PINNED = {
  datestyle: 'ISO, YMD',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '1',
  client_encoding: 'UTF8',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  transform_null_equals: 'off',
  row_security: 'on',
  default_transaction_isolation: 'read committed',
  // Above 0, an index gives some of the rows.
  gin_fuzzy_search_limit: '0',
} as const;

/** Extensions such as citext usually live in `public`: their operators must be found whichever schema holds the tables. */
const searchPathOf = (schema = 'public') => (schema === 'public' ? '"public"' : `"${schema}", "public"`);

/**
 * A connection whose session is set up before anything else is sent on it. Every connection of the gateway is one. The settings are
 * sent as a statement and not as startup parameters: a pooler may refuse those, or drop them without a word, and then nothing would
 * be pinned. A session that cannot be set up is closed, and `connect` fails.
 */
export class SessionClient extends pg.Client {
  readonly #setup: string;
  readonly #schema: string;
  readonly #setupMs: number;

  constructor(config: SessionConfig = {}) {
    super(config);
    const { schema = 'public', statement_timeout, lock_timeout, idle_in_transaction_session_timeout } = config;
    this.#schema = schema;
    this.#setupMs = config.connectionTimeoutMillis || SETUP_MS;
    const settings = {
      ...PINNED,
      search_path: searchPathOf(schema),
      statement_timeout: String(statement_timeout || 0),
      lock_timeout: String(lock_timeout || 0),
      idle_in_transaction_session_timeout: String(idle_in_transaction_session_timeout || 0),
    };
    const set = ([name, value]: [string, string]) => `set_config('${name}', ${pg.escapeLiteral(value)}, false)`;
    this.#setup = `select ${Object.entries(settings).map(set).join(', ')},
      case when current_setting('is_superuser') = 'on' then set_config('lc_messages', 'C', false) end,
      case when current_setting('is_superuser') = 'on' then set_config('session_replication_role', 'origin', false) end,
      to_regnamespace(${pg.escapeLiteral(`"${schema}"`)}) is not null as "hasSchema"`;
  }

  /** The parameters that node-postgres sends with the connection: only those that no pooler refuses. */
  getStartupConf(): StartupParameters {
    const inherited = Reflect.get(pg.Client.prototype, 'getStartupConf') as () => StartupParameters;
    const { statement_timeout: _, lock_timeout: __, idle_in_transaction_session_timeout: ___, ...conf } = inherited.call(this);
    return conf;
  }

  override connect(): Promise<this>;
  override connect(callback: Callback): void;
  override connect(callback?: Callback): Promise<this> | undefined {
    if (callback) {
      this.#open(callback);
      return undefined;
    }
    return new Promise((resolve, reject) => {
      this.#open((error) => (error ? reject(error) : resolve(this)));
    });
  }

  #open(callback: Callback): void {
    super.connect((error: Error | null) => {
      if (error) return callback(error);
      // A pool listens from the moment that it has the connection. One that is lost before tells the statement too.
      this.on('error', ignore);
      const end = () => this.connection.stream.destroy(new Error('Connection terminated: the session was not set up in time.'));
      const timeout = setTimeoutAfterPoll(end, this.#setupMs);
      this.query<{ hasSchema: boolean }>(this.#setup, (failure, result) => {
        timeout.cancel();
        const problem = failure ?? (result.rows[0]?.hasSchema ? undefined : missingSchema(this.#schema));
        if (problem) {
          this.end(ignore);
          return callback(problem);
        }
        this.removeListener('error', ignore);
        callback(null, this);
      });
    });
  }
}

function ignore(): void {}

const missingSchema = (schema: string) =>
  new StartError(`The database has no schema ${schema}. Create it, or name another one as \`schema\` in the URL.`);
