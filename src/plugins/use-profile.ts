import { type ExecutionResult, getOperationAST } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import type { Flush } from '../batching/batcher.ts';
import type { RequestProfile } from '../batching/request-profile.ts';
import { watchStatements } from '../batching/statement.ts';
import type { Context } from '../graphql/context.ts';

type Options = {
  /** Takes each request's profile. */
  count: (profile: RequestProfile) => void;
  /** Whether answers carry it, in `extensions.profile` and Server-Timing. Such answers are not shared by visitors. Default false. */
  isShown: boolean;
};

/** Counts what each operation has cost the database. */
export function useProfile({ count, isShown }: Options): Plugin<Context> {
  return {
    onExecute({ args: { document, operationName, contextValue }, executeFn, setExecuteFn }) {
      if (getOperationAST(document, operationName)?.operation === 'mutation')
        setExecuteFn((given) => watchStatements((contextValue as Context).profile.addOwn, () => executeFn(given)));
      return {
        onExecuteDone({ args, result, setResult }) {
          const { profile, operation } = args.contextValue as Context;
          if (operation) operation.durationMs = performance.now() - operation.startedAt;
          count(profile);
          if (isShown && !isAsyncIterable(result)) setResult(withProfile(result as ExecutionResult, profile));
        },
      };
    },
  };
}

function withProfile(result: ExecutionResult, { count, share, statements }: RequestProfile): ExecutionResult {
  const profile = { statements: count, share: rounded(share), batches: statements.map(shownOf) };
  const spent = statements.reduce((sum, { waitMs, durationMs }) => sum + waitMs + durationMs, 0);
  const timing = `db;dur=${rounded(spent)};desc="${count} statements, a share of ${rounded(share)}"`;
  return { ...result, extensions: { ...result.extensions, profile, http: { headers: { 'server-timing': timing } } } };
}

/** What a client may see of a flush: the texts of statements are not theirs. */
const shownOf = ({ loader, keys, callers, waitMs, durationMs }: Flush) => mapNumbers({ loader, keys, callers, waitMs, durationMs });

const rounded = (value: number) => Math.round(value * 1000) / 1000;

const mapNumbers = <T extends object>(values: T) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, typeof value === 'number' ? rounded(value) : value]));
