import type { Plugin } from 'graphql-yoga';
import { ClientError } from '../../errors.ts';

/** Refuses requests whose `operationName` is not a string with BAD_REQUEST: Yoga would look for an operation of that name. */
export function useOperationName(): Plugin {
  return {
    onParams({ params }) {
      const name: unknown = params?.operationName;
      if (name != null && typeof name !== 'string') throw new ClientError('BAD_REQUEST', '`operationName` must be a string.');
    },
  };
}
