import { AsyncLocalStorage } from 'node:async_hooks';

/** Where a server is found. */
export type ServerAddress = { host: string; port: number };

/** A statement as it was sent. */
export type Statement = {
  /** Without values, which are sent beside it. */
  text: string;
  /** By `performance.now`, in milliseconds. */
  startedAt: number;
  /** 0 while it is under way. */
  durationMs: number;
  /** Where it failed, with which code: PostgreSQL's, or the error's name. */
  failure?: string;
  /** The replica that has run it; undefined for the primary. */
  server?: ServerAddress;
};

/** Sends a statement and takes its time. */
export function timed<T>(text: string, send: (statement: Statement) => Promise<T>): { statement: Statement; result: Promise<T> } {
  const statement: Statement = { text, startedAt: performance.now(), durationMs: 0 };
  const result = send(statement);
  const end = () => {
    statement.durationMs = performance.now() - statement.startedAt;
  };
  result.then(end, (error) => {
    end();
    statement.failure = String(error?.code ?? error?.name);
  });
  return { statement, result };
}

const watching = new AsyncLocalStorage<(statement: Statement) => void>();

/** Runs `work`; `take` gets each statement that it sends by itself, without a loader. */
export const watchStatements = <T>(take: (statement: Statement) => void, work: () => T): T => watching.run(take, work);

/** Sends a statement, and tells whoever watches what runs. */
export function sendWatched<T>(text: string, send: () => Promise<T>): Promise<T> {
  const take = watching.getStore();
  if (!take) return send();
  const { statement, result } = timed(text, send);
  take(statement);
  return result;
}
