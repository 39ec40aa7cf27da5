import { setTimeout as wait } from 'node:timers/promises';
import type pg from 'pg';
import { databaseStartError } from '../gateway/data/postgres/database-start-error.ts';
import { SessionClient } from '../gateway/data/postgres/session-client.ts';
import { within } from '../gateway/timeout-after-poll.ts';
import type { Log } from '../log.ts';
import { parseDatabaseUrl } from './database-url.ts';

/** The triggers of prisma/migrations/20261123200000_announce_changes write to it, and say there which tags there are. */
const CHANNEL = 'convoy_changes';
const [FIRST_RETRY_MS, LAST_RETRY_MS] = [100, 2000];

export type ChangeListener = {
  /** What committed transactions have changed, each tag once. */
  onChange(tags: readonly string[]): void;
  /** Changes may have gone unheard: whatever was read before is doubtful. Called when the connection is lost, and again when it is back. */
  onGap(): void;
};

export type Changes = {
  /** False while changes may go unheard. Nobody may answer from a cache, or keep what was read, until it is true again. */
  readonly isConnected: boolean;
  /** Returns what ends it. */
  subscribe(listener: ChangeListener): () => void;
  /**
   * Resolves when every change that was committed before the call has reached the listeners. Never rejects: when the connection is lost,
   * it resolves after `onGap`.
   */
  barrier(): Promise<void>;
};

type ChangesOptions = {
  /** What the connection is called, with ` changes` behind it. Default `convoy`. */
  applicationName?: string;
  /** How often the connection is asked for a sign of life, in milliseconds. Default 15000. */
  heartbeatMs?: number;
  /** How long an answer may take before the connection counts as lost, in milliseconds. Default 5000. */
  timeoutMs?: number;
};

/**
 * Listens to what is changed in the database, by anybody, over a connection of its own that comes back by itself. One that is dead
 * without a word is noticed after `heartbeatMs` + `timeoutMs` at the latest. Needs a direct connection to the primary: a pooler in
 * transaction mode takes LISTEN and delivers nothing. Throws StartError with one sentence when the server cannot be reached.
 */
export async function openChanges(databaseUrl: string, log: Log, options: ChangesOptions = {}) {
  const { applicationName = 'convoy', heartbeatMs = 15_000, timeoutMs = 5000 } = options;
  const config = parseDatabaseUrl(databaseUrl);
  const listeners = new Set<ChangeListener>();
  const closing = new AbortController();
  let client: pg.Client | undefined;
  let isConnected = false;
  let returning: Promise<void> | undefined;
  let heard = new Set<string>();
  let asking: Promise<void> = Promise.resolve();
  let asksNext: Promise<void> | undefined;

  async function connect(): Promise<void> {
    const fresh = new SessionClient({
      ...config,
      application_name: `${applicationName} changes`,
      statement_timeout: 0,
      connectionTimeoutMillis: 0,
    });
    client = fresh;
    fresh.on('notification', ({ payload }) => hear(payload));
    fresh.on('error', () => lose(fresh));
    fresh.on('end', () => lose(fresh));
    try {
      await within(fresh.connect(), timeoutMs);
      // It is silent for as long as nothing changes.
      await within(fresh.query(`set idle_session_timeout = 0; listen ${CHANNEL}`), timeoutMs);
      if (client !== fresh) throw new Error('Connection terminated');
    } catch (error) {
      destroy(fresh);
      throw error;
    }
    // What was read while nobody listened, and is kept only now, is as doubtful as what was read before.
    missed();
    isConnected = true;
  }

  function lose(gone: pg.Client): void {
    destroy(gone);
    if (client !== gone) return;
    client = undefined;
    if (!isConnected) return;
    isConnected = false;
    if (closing.signal.aborted) return;
    log.warn('changes in the database go unheard: nothing is answered from the cache until the connection is back');
    missed();
    returning = comeBack();
  }

  async function comeBack(): Promise<void> {
    for (let waitMs = FIRST_RETRY_MS; ; waitMs = Math.min(2 * waitMs, LAST_RETRY_MS)) {
      // Gateways that lost the same server do not come back in step.
      await wait(waitMs * (0.5 + Math.random() / 2), undefined, { ref: false, signal: closing.signal }).catch(() => undefined);
      if (closing.signal.aborted) return;
      const isBack = await connect().then(
        () => true,
        ({ message }: Error) => {
          log.debug({ reason: message }, 'the connection that hears of changes cannot be opened');
          return false;
        },
      );
      if (isBack) return log.info('changes in the database are heard again');
    }
  }

  function hear(payload: string | undefined): void {
    const tags = readTags(payload);
    if (!tags) {
      log.warn({ channel: CHANNEL }, 'a notification cannot be read');
      missed();
      return;
    }
    // All that one read from the socket holds is delivered at once, and before the answer that follows it is.
    if (heard.size === 0) queueMicrotask(deliver);
    for (const tag of tags) heard.add(tag);
  }

  function deliver(): void {
    if (heard.size === 0) return;
    const tags = [...heard];
    heard = new Set();
    for (const listener of listeners) listener.onChange(tags);
  }

  function missed(): void {
    for (const listener of listeners) listener.onGap();
  }

  /** Before it says that it is ready again, a server sends the notifications of all that was committed when the statement came. */
  async function ask(): Promise<void> {
    asksNext = undefined;
    const asked = client;
    if (!isConnected || !asked) return;
    await within(asked.query('select 1'), timeoutMs).catch(() => lose(asked));
    deliver();
  }

  const changes: Changes = {
    get isConnected() {
      return isConnected;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    barrier() {
      // A statement that was sent already says nothing about a commit after it: one is under way, and one waits for all who come.
      if (!asksNext) {
        asksNext = asking.then(ask);
        asking = asksNext;
      }
      return asksNext;
    },
  };

  await connect().catch((error) => {
    throw databaseStartError(error, databaseUrl);
  });
  const heartbeat = setInterval(changes.barrier, heartbeatMs).unref();
  const close = async () => {
    closing.abort();
    clearInterval(heartbeat);
    const last = client;
    // A dead connection never answers the farewell.
    if (last && isConnected) await Promise.race([last.end().catch(() => undefined), wait(1000, undefined, { ref: false })]);
    if (last) destroy(last);
    await returning;
    listeners.clear();
  };
  return { changes, close };
}

function destroy(client: pg.Client): void {
  client.connection.stream.destroy();
}

function readTags(payload = ''): string[] | undefined {
  try {
    const { tags } = JSON.parse(payload);
    return Array.isArray(tags) && tags.every((tag) => typeof tag === 'string') ? tags : undefined;
  } catch {
    return undefined;
  }
}
