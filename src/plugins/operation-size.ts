import {
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/**
 * How many fields an operation has when its fragments are written out and its selections on interfaces and unions are repeated for
 * each of their types: what a compiler makes of it. Fragments that spread others twice make it grow with 2 to their depth; a fragment
 * is counted once for each type, so that counting does not.
 */
export function sizeOf(schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>) {
  const known = new Map<string, number>();
  const root = schema.getRootType(operation.operation);

  const within = (type: GraphQLCompositeType, selectionSet: SelectionSetNode): number =>
    typesOf(type).reduce((sum, one) => sum + count(one, selectionSet), 0);
  const typesOf = (type: GraphQLCompositeType): readonly GraphQLObjectType[] =>
    isObjectType(type) ? [type] : schema.getPossibleTypes(type);
  const count = (type: GraphQLObjectType, { selections }: SelectionSetNode): number => {
    let size = 0;
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const field = type.getFields()[selection.name.value];
        const next = field && getNamedType(field.type);
        size += 1 + (selection.selectionSet && isCompositeType(next) ? within(next, selection.selectionSet) : 0);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        if (isOf(type, selection.typeCondition?.name.value)) size += count(type, selection.selectionSet);
      } else size += ofFragment(type, fragments.get(selection.name.value));
    }
    return size;
  };
  const ofFragment = (type: GraphQLObjectType, fragment: FragmentDefinitionNode | undefined): number => {
    if (!fragment || !isOf(type, fragment.typeCondition.name.value)) return 0;
    const key = `${fragment.name.value} ${type.name}`;
    const counted = known.get(key);
    if (counted !== undefined) return counted;
    // A valid document has no cycles; one that has does not come here.
    const size = 1 + count(type, fragment.selectionSet);
    known.set(key, size);
    return size;
  };
  const isOf = (type: GraphQLObjectType, name: string | undefined): boolean => {
    const condition = name === undefined ? type : schema.getType(name);
    return condition === type || (isAbstractType(condition) && schema.isSubType(condition, type));
  };
  return root ? count(root, operation.selectionSet) : 0;
}
