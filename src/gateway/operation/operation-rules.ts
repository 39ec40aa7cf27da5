import {
  type DefinitionNode,
  type DocumentNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
  validate,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * Refuses operations of a kind that the schema does not have. graphql-js 16 finds them valid, because fields of no type cannot be wrong,
 * and fails at the execution.
 */
export const knownOperationTypes: ValidationRule = (context) => ({
  OperationDefinition(node) {
    if (context.getSchema().getRootType(node.operation)) return;
    context.reportError(new GraphQLError(`The schema has no ${node.operation}s.`, { nodes: node }));
  },
});

/**
 * Refuses subscriptions whose field may be left out: there would be nothing to listen to. graphql-js 16 finds them valid.
 * https://spec.graphql.org/draft/#sec-Single-Root-Field
 */
export const unconditionalSubscriptions: ValidationRule = (context) => ({
  OperationDefinition({ operation, selectionSet }) {
    if (operation === 'subscription') refuseConditions(context, selectionSet);
  },
});

function refuseConditions(context: ValidationContext, selectionSet: SelectionSetNode, seen = new Set<string>()): void {
  for (const selection of selectionSet.selections) {
    const condition = selection.directives?.find(({ name }) => name.value === 'skip' || name.value === 'include');
    if (condition)
      context.reportError(new GraphQLError('The field of a subscription cannot be left out by @skip or @include.', { nodes: condition }));
    if (selection.kind === Kind.INLINE_FRAGMENT) refuseConditions(context, selection.selectionSet, seen);
    if (selection.kind !== Kind.FRAGMENT_SPREAD || seen.has(selection.name.value)) continue;
    seen.add(selection.name.value);
    const fragment = context.getFragment(selection.name.value);
    if (fragment) refuseConditions(context, fragment.selectionSet, seen);
  }
}

/** Validates by these rules too. */
export function useOperationRules(): Plugin {
  return {
    onValidate({ params: { schema, documentAST }, addValidationRule, setResult }) {
      addValidationRule(knownOperationTypes);
      const isSubscription = (node: DefinitionNode) => node.kind === Kind.OPERATION_DEFINITION && node.operation === 'subscription';
      if (!(documentAST as DocumentNode).definitions.some(isSubscription)) return;
      // Before graphql-js's own rule of single fields, which throws where a condition is a variable.
      const errors = validate(schema, documentAST, [unconditionalSubscriptions]);
      if (errors.length > 0) setResult(errors);
    },
  };
}
