import { StartError } from '../../../errors.ts';

/** What a server and the database on it are. */
export type ServerFacts = {
  /** As PostgreSQL numbers its versions: 180004 for 18.4. */
  version: number;
  /** The encoding of the database, as `UTF8`. */
  encoding: string;
  /** Whether it replays what another server writes. */
  isStandby: boolean;
};

/** The expressions that read these facts, for a `select`. */
export const SERVER_FACTS = `current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding,
  pg_is_in_recovery() as "isStandby"`;

/** The oldest version that the PostgreSQL project still supports. */
const OLDEST = 15;

/** Throws StartError where a gateway cannot have this server for its primary. `where`: names it, at the beginning of a sentence. */
export function checkPrimary({ version, encoding, isStandby }: ServerFacts, where: string): void {
  const major = Math.floor(version / 10_000);
  if (major < OLDEST) throw new StartError(`${where} is PostgreSQL ${major}, which is too old: it must be ${OLDEST} or later.`);
  // Of any other encoding, texts are refused or cut that a client may send.
  if (encoding !== 'UTF8')
    throw new StartError(
      `${where} has the encoding ${encoding}: make one with encoding 'UTF8' template template0, and move the data there.`,
    );
  if (isStandby)
    throw new StartError(
      `${where} is a standby, which takes no writes: name the primary in DATABASE_URL, and standbys in DATABASE_REPLICA_URLS.`,
    );
}
