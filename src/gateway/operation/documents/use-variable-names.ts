import { GraphQLError, type ValidationRule } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * Refuses the variable `$__proto__` with GRAPHQL_VALIDATION_FAILED. graphql-js keeps variables in an object, in which an assignment to
 * this name sets the prototype: the variable would count as not given, and a filter would be dropped.
 */
export function useVariableNames(): Plugin {
  return { onValidate: ({ addValidationRule }) => addValidationRule(variableNames) };
}

const variableNames: ValidationRule = (context) => ({
  VariableDefinition({ variable }) {
    if (variable.name.value !== '__proto__') return;
    context.reportError(new GraphQLError('A variable cannot have the name "$__proto__".', { nodes: variable }));
  },
});
