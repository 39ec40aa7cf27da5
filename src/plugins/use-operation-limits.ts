import { type DocumentNode, GraphQLError, type ParseOptions, parse, type Source } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { ClientError } from '../errors.ts';
import type { Context } from '../graphql/context.ts';
import type { LaneContext } from '../http/fast-lane.ts';
import { type DocumentFigures, figuresOf } from '../limits/document-figures.ts';
import { type LimitName, type Limits, limitExceeded, type OperationMaxima } from '../limits/limits.ts';
import { variablesWithin } from '../limits/variables.ts';

type Figure = keyof DocumentFigures & LimitName;
const WHAT: Record<Figure, string> = {
  depth: 'fields below each other',
  aliases: 'aliases',
  rootFields: 'fields at the root',
  directives: 'directives',
  tokens: 'tokens',
};
const FIGURES = (Object.keys(WHAT) as Figure[]).filter((figure) => figure !== 'tokens');

const figures = new WeakMap<DocumentNode, DocumentFigures>();

/** The figures of a document, measured once. */
export const knownFiguresOf = (document: DocumentNode): DocumentFigures => figures.getOrInsertComputed(document, () => figuresOf(document));

/** Refuses operations that are larger than allowed: by their tokens while they are parsed, by their shape before they are validated. */
export function useOperationLimits({ limits, maxima }: { limits: Limits; maxima: OperationMaxima }): Plugin<Context> {
  const tooLong = (actual: number) => limitExceeded('tokens', WHAT.tokens, { max: maxima.tokens, actual });

  function parseBounded(source: string | Source, options?: ParseOptions): DocumentNode {
    if (limits.modeOf('tokens') !== 'enforce') return bounded(() => parse(source, options));
    try {
      return bounded(() => parse(source, { ...options, maxTokens: maxima.tokens }));
    } catch (error) {
      // The parser says it in words alone, and has not read on to count.
      if (!(error instanceof GraphQLError && error.message.includes('tokens. Parsing aborted.'))) throw error;
      limits.isRefused('tokens');
      throw tooLong(Number.POSITIVE_INFINITY);
    }
  }

  function refusalOf(document: DocumentNode): ClientError | undefined {
    const known = knownFiguresOf(document);
    if ((known.tokens ?? 0) > maxima.tokens && limits.isRefused('tokens')) return tooLong(known.tokens ?? 0);
    for (const figure of FIGURES) {
      const [max, actual] = [maxima[figure], known[figure] ?? 0];
      if (actual > max && limits.isRefused(figure)) return limitExceeded(figure, WHAT[figure], { max, actual });
    }
    return undefined;
  }

  return {
    onParams({ params, context }) {
      if (limits.modeOf('variables') === 'off' || (context as LaneContext).outcome) return;
      const { variablesDepth: maxDepth, variablesBytes: maxBytes } = maxima;
      const excess = variablesWithin(params?.variables, { maxDepth, maxBytes }, (context as LaneContext).call?.body?.length);
      if (!excess || !limits.isRefused('variables')) return;
      const what = excess.limit === 'bytes' ? 'bytes of variables' : 'levels in a variable';
      throw limitExceeded('variables', what, excess);
    },
    onParse({ setParseFn }) {
      setParseFn(parseBounded);
    },
    onValidate({ params: { documentAST }, validateFn, setValidationFn, setResult }) {
      const refusal = bounded(() => refusalOf(documentAST));
      if (refusal) setResult([refusal]);
      else setValidationFn((...args: Parameters<typeof validateFn>) => bounded(() => validateFn(...args)));
    },
  };
}

/** Runs what walks a document by calling itself, which ends with the stack where no limit is enforced. */
function bounded<T>(walk: () => T): T {
  try {
    return walk();
  } catch (error) {
    if (error instanceof RangeError) throw new ClientError('GRAPHQL_PARSE_FAILED', 'The document is nested too deeply.');
    throw error;
  }
}
