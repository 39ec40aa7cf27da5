// What an operation costs, in points: about one for each object that it reads. The estimate is made before anything runs, from the
// operation and its variables; when the answer has come, what it really had is known.
//
// - A scalar costs nothing, an object 1, and an object that a loader finds by a column of its row 0.25.
// - `nodes` and `edges` of a connection each cost the size of the page times what an entry costs; so does another list, with the size
//   that its `first`, `last` or hint says. `pageInfo` is free beside them. `totalCount` costs 1.
// - On an interface or a union, the type that would cost the most counts.
// - A mutation costs 10, `__schema` 100 and `__type` 10, whatever they give. Hints of the schema say what else is heavy.
// - What @skip and @include may leave out is estimated as if it came.

import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
} from 'graphql';
import { compileEstimate } from './cost-estimate.ts';
import { costOfData } from './cost-of-data.ts';
import { shapesOf } from './cost-shapes.ts';
import { createSizes, type Variables } from './list-sizes.ts';

export type OperationCost = {
  /**
   * The most that the operation can cost: a whole number from 1, or Infinity. `variables`: as they were sent or coerced; sizes that
   * the fields will refuse count as the largest or smallest that they accept.
   */
  estimate: (variables: Variables | null | undefined) => number;
  /**
   * What the answer has cost: a whole number from 1, at most the estimate for the same variables. `data`: of the answer; a mutation
   * costs its weight even where it failed. An answer that was given up, by a deadline for example, has cost more than its data show.
   */
  actual: (data: unknown, variables: Variables | null | undefined) => number;
};

const TOO_LARGE: OperationCost = { estimate: () => Number.POSITIVE_INFINITY, actual: () => Number.POSITIVE_INFINITY };

/**
 * Gives the costs of operations of a schema, compiled once for each. Undefined where the document has no such operation. Documents
 * should be valid; those that are not are safe to ask about, and have any costs.
 */
export function createCostOf(schema: GraphQLSchema): (document: DocumentNode, operationName?: string | null) => OperationCost | undefined {
  const known = new WeakMap<OperationDefinitionNode, OperationCost>();
  return (document, operationName) => {
    const operation = getOperationAST(document, operationName);
    return operation ? known.getOrInsertComputed(operation, () => compile(schema, document, operation)) : undefined;
  };
}

function compile(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): OperationCost {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const one of document.definitions) if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one);
  const sizes = createSizes(operation);
  const found = shapesOf(schema, operation, fragments, sizes);
  if (!found) return TOO_LARGE;
  const { shapes, root } = found;
  const estimateFor = compileEstimate(shapes, root);
  return {
    estimate: (variables) => inPoints(estimateFor(sizes.read(variables))),
    actual: (data, variables) => {
      const read = sizes.read(variables);
      return inPoints(costOfData(root, data, read) ?? estimateFor(read));
    },
  };
}

/** What is no number is more than any limit. */
const inPoints = (cost: number) => (Number.isNaN(cost) ? Number.POSITIVE_INFINITY : Math.max(1, Math.ceil(cost)));
