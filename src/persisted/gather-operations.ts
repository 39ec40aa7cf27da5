// The operations of a frontend, from its .graphql files, as its clients send them.

import {
  type DefinitionNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  Source,
  validate,
  visit,
} from 'graphql';
import { documentHash } from './document-hash.ts';
import type { ManifestOperation } from './manifest.ts';

type Gathered = {
  /** Sorted by name. */
  operations: ManifestOperation[];
  /** What is wrong, each with file, line and column; the operations count only where there is nothing. */
  problems: string[];
};

/**
 * Gathers all operations, each with exactly the fragments that it uses, of whatever file they are. Definitions of types are left out.
 *
 * The body is printed, not cut from its file: bundlers parse documents, and what a client sends and hashes is what graphql-js prints of
 * them. The operation comes first and then the fragments by name, as Apollo's tools have it; where a client prints fragments in another
 * order, its own hash differs, and it takes the ids from the manifest. Clients that add `__typename` to what they send (Apollo Client
 * does) have it in their documents when they hash them: for those, write the manifest with the client's own tool.
 */
export function gatherOperations(files: readonly { name: string; text: string }[], schema: GraphQLSchema): Gathered {
  const problems = new Set<string>();
  const definitions = files.flatMap(({ name, text }) => {
    try {
      return isBlank(text) ? [] : [...parse(new Source(text, name)).definitions];
    } catch (error) {
      problems.add(said(error as GraphQLError));
      return [];
    }
  });
  const operations = byName(definitions.filter(isOperation), 'operation', problems);
  const fragments = byName(definitions.filter(isFragment), 'fragment', problems);
  // With a file missing, every use of its fragments would be reported as well.
  if (problems.size > 0) return { operations: [], problems: [...problems] };

  const found = [...operations.values()].sort(compareNames).map((operation): ManifestOperation => {
    const document: DocumentNode = { kind: Kind.DOCUMENT, definitions: [operation, ...usedBy(operation, fragments)] };
    for (const error of validate(schema, document)) problems.add(said(error));
    const body = print(document);
    return { id: documentHash(body), name: nameOf(operation), type: operation.operation, body };
  });
  return { operations: found, problems: [...problems] };
}

type Named = OperationDefinitionNode | FragmentDefinitionNode;

function byName<T extends Named>(definitions: readonly T[], what: string, problems: Set<string>): Map<string, T> {
  const found = new Map<string, T>();
  for (const definition of definitions) {
    const name = nameOf(definition);
    const other = found.get(name);
    if (name === '') problems.add(`${placeOf(definition)}: The ${what} has no name: give it one.`);
    else if (other) problems.add(`${placeOf(definition)}: There is another ${what} named ${name}, at ${placeOf(other)}: rename one.`);
    else found.set(name, definition);
  }
  return found;
}

/** The fragments that an operation spreads, and those that they spread, by name. */
function usedBy(operation: OperationDefinitionNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>): FragmentDefinitionNode[] {
  const used = new Set<FragmentDefinitionNode>();
  const collect = (definition: Named) =>
    visit(definition, {
      FragmentSpread({ name }) {
        const fragment = fragments.get(name.value);
        // What spreads itself, or is not there, validation finds.
        if (!fragment || used.has(fragment)) return;
        used.add(fragment);
        collect(fragment);
      },
    });
  collect(operation);
  return [...used].sort(compareNames);
}

const isOperation = (definition: DefinitionNode) => definition.kind === Kind.OPERATION_DEFINITION;
const isFragment = (definition: DefinitionNode) => definition.kind === Kind.FRAGMENT_DEFINITION;

/** Nothing but comments, which graphql-js takes for a syntax error. */
const isBlank = (text: string) => /^[\s,\ufeff]*$/.test(text.replaceAll(/#.*/g, ''));

const nameOf = ({ name }: Named) => name?.value ?? '';
// By code units, as Apollo's tools do: the same everywhere, whatever the language of the machine.
const compareNames = (a: Named, b: Named) => (nameOf(a) < nameOf(b) ? -1 : 1);

const placeOf = (definition: Named) => placeOfError(new GraphQLError('', { nodes: definition }));
const said = (error: GraphQLError) => `${placeOfError(error)}: ${error.message}`;

function placeOfError({ source, locations }: GraphQLError): string {
  const [first] = locations ?? [];
  return [source?.name, first?.line, first?.column].join(':');
}
