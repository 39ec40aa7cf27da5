// One operation in the forms in which clients send it. Apollo Client and urql add `__typename` to every selection set but the operation's
// own, and print fragments in the order in which they were written down; urql's printer leaves out the blank lines. What is the same but
// for this asks for the same data.

import {
  type DefinitionNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  type SelectionNode,
  type SelectionSetNode,
  visit,
} from 'graphql';

const TYPENAME: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } };

const isTypename = (node: SelectionNode) =>
  node.kind === Kind.FIELD && node.name.value === '__typename' && !node.alias && (node.directives ?? []).length === 0;
const isMeta = (node: SelectionNode) => node.kind === Kind.FIELD && node.name.value.startsWith('__');

/** Adds `__typename` where clients do: at the end of each selection set that has none, but for the operation's own and for introspection. */
export function withTypenames(document: DocumentNode): DocumentNode {
  return visit(document, {
    SelectionSet(node, _key, parent) {
      const isRoot = (parent as OperationDefinitionNode | undefined)?.kind === Kind.OPERATION_DEFINITION;
      return isRoot || node.selections.some(isMeta) ? undefined : { ...node, selections: [...node.selections, TYPENAME] };
    },
  });
}

/** Takes away every plain `__typename`, unless nothing would be left beside it. */
function withoutTypenames(document: DocumentNode): DocumentNode {
  return visit(document, {
    SelectionSet(node): SelectionSetNode | undefined {
      const others = node.selections.filter((selection) => !isTypename(selection));
      return others.length === node.selections.length ? undefined : { ...node, selections: others.length > 0 ? others : [TYPENAME] };
    },
  });
}

const isFragment = (definition: DefinitionNode): definition is FragmentDefinitionNode => definition.kind === Kind.FRAGMENT_DEFINITION;
const nameOf = (definition: DefinitionNode) => ('name' in definition && definition.name?.value) || '';
// By code units, as Apollo's tools do: the same everywhere, whatever the language of the machine.
const compareNames = (a: DefinitionNode, b: DefinitionNode) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0);

/** Operations first and then fragments, each by their names, as Apollo's tools have it. */
export function sortedByName({ definitions }: DocumentNode): DocumentNode {
  const fragments = definitions.filter(isFragment).sort(compareNames);
  const others = definitions.filter((definition) => !isFragment(definition)).sort(compareNames);
  return { kind: Kind.DOCUMENT, definitions: [...others, ...fragments] };
}

/** Operations first and then fragments, in the order in which they are spread, each before those that it spreads itself. */
function sortedByUse({ definitions }: DocumentNode): DocumentNode {
  const fragments = new Map(definitions.filter(isFragment).map((fragment) => [nameOf(fragment), fragment]));
  const used = new Set<DefinitionNode>();
  const collect = (definition: DefinitionNode) =>
    visit(definition, {
      FragmentSpread({ name }) {
        const fragment = fragments.get(name.value);
        if (!fragment || used.has(fragment)) return;
        used.add(fragment);
        collect(fragment);
      },
    });
  const operations = definitions.filter((definition) => !isFragment(definition));
  for (const operation of operations) collect(operation);
  return { kind: Kind.DOCUMENT, definitions: [...operations, ...used, ...definitions.filter((one) => isFragment(one) && !used.has(one))] };
}

/** What two documents have in common that differ by the order of their definitions, by plain `__typename` and by white space alone. */
export function canonicalForm(document: DocumentNode): string {
  return print(sortedByName(withoutTypenames(document)));
}

/** The texts in which clients send a document, as far as they are known; the first that is different for each hash. */
export function formsOf(document: DocumentNode): string[] {
  return [withTypenames(document), withoutTypenames(document)].flatMap((variant) =>
    [sortedByName(variant), sortedByUse(variant)].flatMap((ordered) => [print(ordered), ordered.definitions.map(print).join('\n')]),
  );
}

/** Reads a document without the places of its parts. Throws GraphQLError; `maxTokens` default unbounded. */
export const parseForm = (text: string, maxTokens?: number): DocumentNode => parse(text, { noLocation: true, maxTokens });
