// Which answers may be shared by visitors. Nothing is, unless the schema says so: an operation is cached when every one of its root
// fields and every type that it reaches has a hint, for the shortest time among them.

import {
  type DocumentNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  getNamedType,
  getOperationAST,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/** How long visitors may see the same answer, where no change of the data ends it sooner; `inherit`: as long as the field above. */
type CacheHint = { maxAgeSeconds: number } | 'inherit';

/** The `extensions` of a root field or a type whose data are the same for all visitors. */
export const cacheFor = (hint: CacheHint) => ({ cacheHint: hint });

type Extended = { extensions: Readonly<Record<string, unknown>> };
const hintOf = ({ extensions }: Extended) => extensions.cacheHint as CacheHint | undefined;

/** A field says nothing that its type does not say better, but where it has a time of its own. */
const ofField = (field: CacheHint | undefined, type: CacheHint | undefined) => (field === undefined || field === 'inherit' ? type : field);

const known = new WeakMap<OperationDefinitionNode, number>();

/**
 * For how many seconds an operation's answer may be shared by visitors; 0 where not at all. For a document that is not valid it may be
 * any number: that gets no answer without errors.
 */
export function cacheSecondsOf(schema: GraphQLSchema, document: DocumentNode, operationName?: string | null): number {
  const operation = getOperationAST(document, operationName);
  return operation ? known.getOrInsertComputed(operation, () => secondsOf(schema, document, operation)) : 0;
}

function secondsOf(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): number {
  const root = schema.getQueryType();
  if (operation.operation !== 'query' || !root) return 0;
  let least = Number.POSITIVE_INFINITY;
  const visited = new Set<string>();

  const take = (hint: CacheHint | undefined): void => {
    if (hint === undefined) least = 0;
    else if (hint !== 'inherit') least = Math.min(least, hint.maxAgeSeconds);
  };
  const visit = (type: GraphQLCompositeType, { selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const { name, selectionSet } = selection;
        if (name.value === '__typename') continue;
        const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[name.value] : undefined;
        if (!field) least = 0;
        else {
          const next = getNamedType(field.type);
          if (type === root) take(hintOf(field));
          if (isCompositeType(next)) {
            take(ofField(hintOf(field), hintOf(next)));
            // A connection is as its nodes are, whatever is selected of it.
            const nodes = isObjectType(next) && hintOf(next) === 'inherit' ? next.getFields().nodes : undefined;
            if (nodes) take(hintOf(getNamedType(nodes.type)));
            if (selectionSet) visit(next, selectionSet);
          }
        }
      } else if (selection.kind === Kind.INLINE_FRAGMENT) visitAs(selection.typeCondition?.name.value, type, selection.selectionSet);
      else if (!visited.has(selection.name.value)) {
        visited.add(selection.name.value);
        const fragment = document.definitions.find(
          (one) => one.kind === Kind.FRAGMENT_DEFINITION && one.name.value === selection.name.value,
        );
        if (fragment?.kind === Kind.FRAGMENT_DEFINITION) visitAs(fragment.typeCondition.name.value, type, fragment.selectionSet);
      }
    }
  };
  const visitAs = (name: string | undefined, type: GraphQLCompositeType, selectionSet: SelectionSetNode): void => {
    const condition = name === undefined ? type : schema.getType(name);
    if (!condition || !isCompositeType(condition)) least = 0;
    else {
      if (condition !== root) take(hintOf(condition));
      visit(condition, selectionSet);
    }
  };
  visit(root, operation.selectionSet);
  return least === Number.POSITIVE_INFINITY ? 0 : least;
}
