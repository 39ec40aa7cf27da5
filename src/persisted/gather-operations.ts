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
import { sortedByName, withTypenames } from '../gateway/operation/documents/document-forms.ts';
import { operationErrors } from '../gateway/operation/operation-rules.ts';
import { documentHash } from './document-hash.ts';
import type { ManifestOperation } from './manifest.ts';

type Gathered = {
  /** Sorted by name. */
  operations: ManifestOperation[];
  /** What is wrong, each with file, line and column; the operations count only where there is nothing. */
  problems: string[];
};

/** Directives that Apollo Client takes out of a document before it sends it. */
const CLIENT_DIRECTIVES = new Set(['connection', 'nonreactive', 'unmask']);

/**
 * Gathers all operations, each with exactly the fragments that it uses, of whatever file they are. Definitions of types are left out.
 *
 * A body is what Apollo's tools make of the operation: with `__typename` in each selection set but the operation's own, the operation
 * first and then the fragments by name, printed by graphql-js. A client that takes its ids from the manifest needs `__typename` in the
 * answers. Clients that send or hash another form of the document are answered too, see trusted-documents.ts.
 */
export function gatherOperations(files: readonly { name: string; text: string }[], schema: GraphQLSchema): Gathered {
  const problems = new Set<string>();
  const definitions = files.flatMap(({ name, text }) => {
    try {
      return isBlank(text) ? [] : [...withoutClientDirectives(parse(new Source(text, name))).definitions];
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
    const errors = operationErrors(schema, document);
    for (const error of errors.length > 0 ? errors : validate(schema, document)) problems.add(said(error));
    const body = print(withTypenames(sortedByName(document)));
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

const withoutClientDirectives = (document: DocumentNode): DocumentNode =>
  visit(document, { Directive: ({ name }) => (CLIENT_DIRECTIVES.has(name.value) ? null : undefined) });

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
