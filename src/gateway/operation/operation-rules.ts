import { type DocumentNode, GraphQLError, type GraphQLSchema, Kind, type SelectionSetNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * What is wrong with the operations of a document that graphql-js 16 takes for valid, and fails at when it executes them:
 *
 * - Operations of a kind that the schema does not have: fields of no type cannot be wrong.
 * - Subscriptions whose field may be left out: there would be nothing to listen to. https://spec.graphql.org/draft/#sec-Single-Root-Field
 *
 * Ask before `validate`: its rule of single fields throws where such a condition is a variable.
 */
export function operationErrors(schema: GraphQLSchema, { definitions }: DocumentNode): GraphQLError[] {
  const fragments = new Map(
    definitions.flatMap((definition) => (definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition]] : [])),
  );

  /** The directives at the root by which its fields may be left out. A fragment is looked into once. */
  const conditionsIn = ({ selections }: SelectionSetNode, seen: Set<string>): GraphQLError[] =>
    selections.flatMap((selection) => {
      const condition = selection.directives?.find(({ name }) => name.value === 'skip' || name.value === 'include');
      const own = condition
        ? [new GraphQLError('The field of a subscription cannot be left out by @skip or @include.', { nodes: condition })]
        : [];
      if (selection.kind === Kind.INLINE_FRAGMENT) return [...own, ...conditionsIn(selection.selectionSet, seen)];
      const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : undefined;
      if (!fragment || seen.has(fragment.name.value)) return own;
      return [...own, ...conditionsIn(fragment.selectionSet, seen.add(fragment.name.value))];
    });

  return definitions.flatMap((node) => {
    if (node.kind !== Kind.OPERATION_DEFINITION) return [];
    const { operation, selectionSet } = node;
    if (!schema.getRootType(operation)) return [new GraphQLError(`The schema has no ${operation}s.`, { nodes: node })];
    return operation === 'subscription' ? conditionsIn(selectionSet, new Set()) : [];
  });
}

/** Refuses documents with such operations. */
export function useOperationRules(): Plugin {
  return {
    onValidate({ params: { schema, documentAST }, setResult }) {
      const errors = operationErrors(schema, documentAST);
      if (errors.length > 0) setResult(errors);
    },
  };
}
