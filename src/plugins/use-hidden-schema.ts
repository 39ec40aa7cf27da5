import { type ExecutionArgs, NoSchemaIntrospectionCustomRule } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * Keeps the schema from those who do not know it: no introspection, and no `Did you mean` in errors, which would tell it name by name.
 * Suggestions about variables are for who executes: see `hideSuggestions` there.
 */
export function useHiddenSchema(): Plugin {
  return {
    onValidate({ addValidationRule, validateFn, setValidationFn }) {
      addValidationRule(NoSchemaIntrospectionCustomRule);
      setValidationFn((schema, document, rules, typeInfo, options) =>
        validateFn(schema, document, rules, { ...options, hideSuggestions: true }, typeInfo),
      );
    },
    onExecute: ({ args }) => hideSuggestions(args),
    onSubscribe: ({ args }) => hideSuggestions(args),
  };
}

function hideSuggestions(args: object): void {
  (args as ExecutionArgs).hideSuggestions = true;
}
