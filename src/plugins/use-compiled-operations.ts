import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  getNamedType,
  getOperationAST,
  isInputObjectType,
  Kind,
  type NamedTypeNode,
  type OperationDefinitionNode,
  type TypeNode,
  typeFromAST,
} from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import { isGuarded } from '../gateway/operation/execution/guarded-runtime.ts';
import { sizeOf } from './operation-size.ts';

type Options = {
  /**
   * How often a query must have come before it is compiled, which takes milliseconds: one that never comes back is never compiled.
   * 0 compiles it before its first run, Infinity never. Default 3.
   */
  minCalls?: number;
};

type Run = (args: ExecutionArgs) => unknown;
type Known = { calls: number; isDecided?: true };

/** Compiled queries that are kept, 100 KB and more each; those that were not asked for the longest go first, and are not compiled again. */
const MAX_COMPILED = 300;
/** Fields, as `sizeOf` counts them. Compiling takes 20 microseconds for each, in one go. */
const MAX_SIZE = 2000;

/**
 * Runs queries that come back as compiled functions: so many of them, and none that is very large. Mutations, subscriptions, and what
 * the compiler does not know run as ever, and so does a query whose variables are wrong, so that its errors are the same.
 */
export function useCompiledOperations({ minCalls = 3 }: Options = {}): Plugin {
  const known = new WeakMap<OperationDefinitionNode, Known>();
  const compiled = new LRUCache<OperationDefinitionNode, Run>({ max: MAX_COMPILED });
  const compile = (definition: OperationDefinitionNode, args: ExecutionArgs) => {
    const run = compileOperation(definition, args);
    if (run) compiled.set(definition, run);
  };
  return {
    onExecute({ args, executeFn, setExecuteFn }) {
      const definition = getOperationAST(args.document, args.operationName);
      if (!definition) return;
      const operation = known.getOrInsertComputed(definition, () => ({ calls: 0 }));
      if (!operation.isDecided && operation.calls++ >= minCalls) {
        operation.isDecided = true;
        // Not in the way of this request: when the event loop comes round again.
        if (minCalls > 0) setImmediate(() => compile(definition, args));
        else compile(definition, args);
      }
      const run = compiled.get(definition);
      if (run && !hasOddList(definition, args)) setExecuteFn(withOriginal(run, executeFn));
    },
  };
}

function compileOperation(definition: OperationDefinitionNode, { schema, document, operationName }: ExecutionArgs): Run | undefined {
  if (!isGuarded) return undefined;
  try {
    if (!isCompilable(definition, document, schema)) return undefined;
    const compiled = compileQuery(schema, document, operationName ?? undefined);
    if (!isCompiledQuery(compiled)) return undefined;
    return ({ rootValue, contextValue, variableValues }) => compiled.query(rootValue, contextValue, variableValues ?? {});
  } catch {
    // What the compiler cannot do runs as ever. Nobody else catches: it is called from the event loop.
    return undefined;
  }
}

/**
 * The compiler knows no incremental delivery; it writes the conditions of @skip and @include into the document itself, where they meet
 * those of other places and operations; it takes an array for an input object; and it sets the prototype of what has the alias
 * `__proto__`. Mutations are too rare to be worth it.
 */
function isCompilable(definition: OperationDefinitionNode, document: DocumentNode, schema: GraphQLSchema): boolean {
  const { operation, variableDefinitions = [] } = definition;
  const fragments = document.definitions.filter((one) => one.kind === Kind.FRAGMENT_DEFINITION);
  return (
    operation === 'query' &&
    !/@(defer|stream|skip|include)\b|\b__proto__\b/.test(document.loc?.source.body ?? '@defer') &&
    sizeOf(schema, definition, new Map(fragments.map((fragment) => [fragment.name.value, fragment]))) <= MAX_SIZE &&
    variableDefinitions.every(({ type }) => {
      const named = getNamedType(typeFromAST(schema, type as NamedTypeNode));
      if (!isInputObjectType(named)) return true;
      return !isWithinList(type) && Object.values(named.getFields()).every((field) => !isInputObjectType(getNamedType(field.type)));
    })
  );
}

const isWithinList = (type: TypeNode): boolean =>
  type.kind === Kind.LIST_TYPE || (type.kind === Kind.NON_NULL_TYPE && isWithinList(type.type));

/** Whether a variable that is no list is given one. */
const hasOddList = ({ variableDefinitions = [] }: OperationDefinitionNode, { variableValues }: ExecutionArgs): boolean =>
  variableDefinitions.some(({ variable, type }) => !isWithinList(type) && Array.isArray(variableValues?.[variable.name.value]));

/**
 * Runs the compiled function, and graphql-js instead where it has anything to say of its own: what it throws, what it says of variables,
 * and what it says of values that do not fit the schema. Loaders know by then what they have read.
 */
function withOriginal(run: Run, original: Run): (args: ExecutionArgs) => unknown {
  return (args) => {
    const finish = ({ errors, data }: ExecutionResult): unknown => {
      if (!errors) return { data };
      if (data === undefined || !errors.every(isOfResolver)) return original(args);
      return { errors: errors.map((error) => located(error, args.document)), data };
    };
    try {
      const result = run(args) as ExecutionResult | Promise<ExecutionResult>;
      return result instanceof Promise ? result.then(finish, () => original(args)) : finish(result);
    } catch {
      return original(args);
    }
  };
}

/**
 * Whether a resolver has thrown the error, which is all that the compiler tells as graphql-js does. Its own errors hide their causes, it
 * makes one error of an AggregateError, and it puts the null of an item that was rejected at the end of the list.
 */
const isOfResolver = ({ originalError, path }: GraphQLError): boolean =>
  originalError instanceof Error && !(originalError instanceof AggregateError) && typeof path?.at(-1) === 'string';

/** The compiler's errors carry lines and columns alone: they take the source, and the places in it, as those of graphql-js do. */
function located({ message, path, originalError, extensions, locations }: GraphQLError, { loc }: DocumentNode): GraphQLError {
  const source = loc?.source;
  const starts = [0, ...Array.from(source?.body.matchAll(/\r\n|[\n\r]/g) ?? [], ({ index, 0: end }) => index + end.length)];
  const positions = locations?.map(({ line, column }) => (starts[line - 1] ?? 0) + column - 1);
  return new GraphQLError(message, { source, positions, path, originalError, extensions });
}
