import { type ExecutionArgs, type ExecutionResult, getOperationAST } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import { DeadlineExceeded, Overloaded } from '../errors.ts';
import type { Context } from '../graphql/context.ts';
import type { LaneContext } from '../http/fast-lane.ts';
import type { createCostOf } from '../limits/cost.ts';
import { type Limits, limitExceeded } from '../limits/limits.ts';
import type { OperationRecords } from '../limits/operation-records.ts';
import type { Pressure } from '../limits/pressure.ts';
import type { PointBudget, Reservation } from '../rate-limit/point-budget.ts';
import { knownFiguresOf } from './use-operation-limits.ts';

export type CostOptions = {
  limits: Limits;
  costOf: ReturnType<typeof createCostOf>;
  /** Points that one operation may cost. Default 1000. */
  maxCost?: number;
  budget: PointBudget;
  pressure: Pick<Pressure, 'maxCost'>;
  records: OperationRecords;
  /** The manifest's name of a document, which clients cannot make up. */
  nameOf: (text: string) => string | undefined;
};

/** What an execution has used. One that ended with an error, or before its time, may have read more than its answer shows. */
function used({ data, errors }: ExecutionResult, { actual, estimate }: Admitted): number {
  if (errors) return data === undefined && !errors.some((error) => error instanceof DeadlineExceeded) ? 0 : estimate;
  return actual(data);
}

/** An operation that was let through, with the points that are set aside for it. */
type Admitted = { actual: (data: unknown) => number; estimate: number; reservation: Reservation };

/**
 * Computes what an operation costs before it is executed, refuses what costs too much, more than its client has left, or, of strangers,
 * more than the gateway can bear at the moment, and tells in `extensions.cost` what it has cost.
 */
export function useCost({ limits, costOf, budget, pressure, records, nameOf, maxCost = 1000 }: CostOptions): Plugin<Context> {
  async function admit({ document, operationName, variableValues, contextValue }: ExecutionArgs): Promise<Admitted | { refusal: Error }> {
    const ctx = contextValue as Context;
    const cost = costOf(document, operationName);
    // An operation that is not there is refused by who executes it.
    const estimate = cost?.estimate(variableValues) ?? 0;
    const { depth, aliases, rootFields, directives, tokens = 0 } = knownFiguresOf(document);
    const name = nameOf(document.loc?.source.body ?? '') ?? getOperationAST(document, operationName)?.name?.value;
    const label = records.add(name, { cost: estimate, depth, aliases, rootFields, directives, tokens });
    if (ctx.operation) Object.assign(ctx.operation, { name, label, cost: { estimate, actual: undefined } });

    if (estimate > maxCost && limits.isRefused('cost'))
      return { refusal: limitExceeded('cost', 'points', { max: maxCost, actual: estimate }) };
    if (!ctx.client.isSignedIn && estimate > pressure.maxCost() && limits.isRefused('pressure')) return { refusal: new Overloaded() };
    const reserved = budget.reserve(ctx.client.key, estimate);
    const reservation = reserved instanceof Promise ? await reserved : reserved;
    if (reservation.refusal) return { refusal: reservation.refusal };
    ctx.cost = estimate;
    return { actual: (data) => cost?.actual(data, variableValues) ?? 0, estimate, reservation };
  }

  return {
    async onExecute({ args, setResultAndStopExecution }) {
      const admitted = await admit(args);
      if ('refusal' in admitted) {
        setResultAndStopExecution({ errors: [admitted.refusal as never] });
        return;
      }
      const { estimate, reservation } = admitted;
      return {
        onExecuteDone({ result, setResult }) {
          if (isAsyncIterable(result)) return;
          const actual = used(result as ExecutionResult, admitted);
          const { call, operation } = args.contextValue as LaneContext;
          if (operation) operation.cost = { estimate, actual };
          reservation.settle(actual, call?.headers);
          setResult({
            ...result,
            extensions: { ...(result as ExecutionResult).extensions, cost: { requested: estimate, actual, max: maxCost } },
          } as ExecutionResult);
        },
      };
    },
    async onSubscribe({ args, setResultAndStopExecution }) {
      const admitted = await admit(args);
      if ('refusal' in admitted) return setResultAndStopExecution({ errors: [admitted.refusal as never] });
      const { estimate, reservation } = admitted;
      return {
        onSubscribeResult({ result }) {
          // One that did not begin has read nothing.
          const actual = isAsyncIterable(result) ? estimate : 0;
          const { call, operation } = args.contextValue as LaneContext;
          if (operation) operation.cost = { estimate, actual };
          reservation.settle(actual, call?.headers);
        },
      };
    },
  };
}
