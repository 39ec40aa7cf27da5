import { createHistogram, usePrometheus } from '@envelop/prometheus';
import type { Plugin } from 'graphql-yoga';
import type { Registry } from 'prom-client';
import type { Context } from '../graphql/context.ts';
import { SECONDS } from '../metrics/buckets.ts';

/** How long subscriptions stay open, in seconds. */
const LIFETIMES = [1, 10, 60, 300, 900, 3600, 14_400];

/**
 * Times the phases of operations, with labels of our own: the library's are names that clients make up. It measures in whole
 * milliseconds, which the building of the context never takes; what it would count of requests and errors is counted for all requests.
 */
export function useExecutionMetrics(registry: Registry): Plugin<Context> {
  const parsed = new WeakSet<object>();
  const validated = new WeakSet<object>();
  /** Documents are remembered: the hooks are called for known ones too, which take no time. */
  const isFirst = (seen: WeakSet<object>, document: object | undefined) => {
    if (document === undefined || seen.has(document)) return false;
    seen.add(document);
    return true;
  };
  const operationOf = (_params: unknown, context: unknown) => ({ operation: (context as Context).operation?.label ?? 'other' });
  const preparation = {
    name: 'convoy_document_phase_duration_seconds',
    help: 'How long a document that was not known took to be parsed and validated.',
    labelNames: ['phase'],
    buckets: SECONDS,
  };
  return usePrometheus({
    registry,
    metrics: {
      graphql_envelop_phase_parse: createHistogram({
        registry,
        histogram: preparation,
        fillLabelsFn: () => ({ phase: 'parse' }),
        phases: ['parse'],
        shouldObserve: ({ document }) => isFirst(parsed, document),
      }),
      graphql_envelop_phase_validate: createHistogram({
        registry,
        histogram: preparation,
        fillLabelsFn: () => ({ phase: 'validate' }),
        phases: ['validate'],
        shouldObserve: ({ document }) => isFirst(validated, document),
      }),
      graphql_envelop_phase_execute: createHistogram({
        registry,
        histogram: {
          name: 'convoy_execution_duration_seconds',
          help: 'How long an operation took to be executed, its wait for its turn included.',
          labelNames: ['operation'],
          buckets: SECONDS,
        },
        fillLabelsFn: operationOf,
        phases: ['execute'],
      }),
      graphql_envelop_phase_subscribe: createHistogram({
        registry,
        histogram: {
          name: 'convoy_subscription_duration_seconds',
          help: 'How long a subscription was open.',
          labelNames: ['operation'],
          buckets: LIFETIMES,
        },
        fillLabelsFn: operationOf,
        phases: ['subscribe'],
      }),
    },
  }) as Plugin<Context>;
}
