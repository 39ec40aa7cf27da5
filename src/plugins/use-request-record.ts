import { getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Context } from '../graphql/context.ts';
import { NOBODY } from '../http/client.ts';
import type { LaneContext } from '../http/fast-lane.ts';
import { addOperation, createRequestRecord } from '../http/request-record.ts';
import type { OperationLabels } from '../limits/operation-labels.ts';
import { requestIdOf } from './use-request-id.ts';

/** Writes down what operations a request carries. The first of all that look at parameters, so that they are in the order of an array. */
export function useRequestRecord({ labelOf }: Pick<OperationLabels, 'labelOf'>): Plugin<Context> {
  return {
    onRequest({ request, url, serverContext }) {
      const context = serverContext as LaneContext;
      // What comes over no socket has met no guard.
      if (context.call) return;
      const record = createRequestRecord({ requestId: requestIdOf(request), method: request.method, path: url.pathname });
      context.call = { client: NOBODY, headers: {}, body: undefined, record };
    },
    onParams({ params, context }) {
      const lane = context as LaneContext;
      if (!lane.call) return;
      const { record } = lane.call;
      // What the lane has executed comes a second time.
      const [executed] = lane.outcome ? record.operations : [];
      if (executed) return;
      const name = typeof params?.operationName === 'string' ? params.operationName : undefined;
      lane.operation = addOperation(record, { name, label: labelOf(name) });
    },
    onParse({ context }) {
      const { operation } = context as LaneContext;
      if (!operation) return;
      return ({ result }) => {
        if (!result || result instanceof Error) return;
        operation.parsedAt = performance.now();
        const definition = getOperationAST(result, (context as { params?: { operationName?: string } }).params?.operationName);
        if (!definition) return;
        operation.kind = definition.operation;
        operation.name = definition.name?.value;
        operation.label = labelOf(operation.name);
      };
    },
  };
}
