// How large a document is, from its text alone. It is measured before the document is validated, and so must be quick and safe for
// anything that can be parsed: fragments that nobody has defined, that lead back into themselves, or that spread others twice sixty
// levels deep, and selections as deep as the parser allows.

import { type DirectiveNode, type DocumentNode, Kind, type SelectionSetNode } from 'graphql';

/** Numbers that grow with fragments written out end at `Number.MAX_SAFE_INTEGER`. */
export type DocumentFigures = {
  /**
   * Fields on the deepest path of any operation, through fragments: 1 for a field of the root. What lies below `__schema` and `__type`
   * is apart: graphql-js bounds it by a rule of its own.
   */
  depth: number;
  /** Fields with an alias, of the operation that has the most, where a fragment counts as often as it is spread. */
  aliases: number;
  /** Fields at the root of the operation that has the most, fragments written out. */
  rootFields: number;
  /** Directives as they are written, in operations and fragments, each once. */
  directives: number;
  /** Tokens, comments apart; undefined for a document that was not parsed from text. */
  tokens: number | undefined;
};

type Totals = Pick<DocumentFigures, 'depth' | 'aliases' | 'rootFields'>;
type Spread = { name: string; level: number; isRoot: boolean; isApart: boolean };
/** What a definition has by itself, and where it spreads fragments. */
type Outline = Totals & { spreads: Spread[] };

const NOTHING: Totals = { depth: 0, aliases: 0, rootFields: 0 };
const plus = (one: number, other: number) => Math.min(one + other, Number.MAX_SAFE_INTEGER);

/** The figures of a document. A cycle of fragments counts as if it ended where it comes back: validation refuses it in its own words. */
export function figuresOf(document: DocumentNode): DocumentFigures {
  const operations: Outline[] = [];
  const fragments = new Map<string, Outline>();
  let directives = 0;
  const count = (written: readonly DirectiveNode[] | undefined) => {
    directives += written?.length ?? 0;
  };
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION && definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
    count(definition.directives);
    for (const variable of definition.variableDefinitions ?? []) count(variable.directives);
    const outline = outlineOf(definition.selectionSet, count);
    if (definition.kind === Kind.OPERATION_DEFINITION) operations.push(outline);
    else fragments.set(definition.name.value, outline);
  }

  const known = new Map<string, Totals>();
  for (const name of innermostFirst(fragments)) known.set(name, totalsOf(fragments.get(name) as Outline, known));
  const most = { ...NOTHING };
  for (const operation of operations) {
    const { depth, aliases, rootFields } = totalsOf(operation, known);
    most.depth = Math.max(most.depth, depth);
    most.aliases = Math.max(most.aliases, aliases);
    most.rootFields = Math.max(most.rootFields, rootFields);
  }
  return { ...most, directives, tokens: document.tokenCount };
}

type Open = { selectionSet: SelectionSetNode; level: number; isApart: boolean };

function outlineOf(selectionSet: SelectionSetNode, count: (directives: readonly DirectiveNode[] | undefined) => void): Outline {
  const outline: Outline = { ...NOTHING, spreads: [] };
  // A stack of its own: an operation is deeper than calls may be.
  const open: Open[] = [{ selectionSet, level: 0, isApart: false }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { level, isApart } = next;
    for (const selection of next.selectionSet.selections) {
      count(selection.directives);
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        outline.spreads.push({ name: selection.name.value, level, isRoot: level === 0, isApart });
      } else if (selection.kind === Kind.INLINE_FRAGMENT) open.push({ ...next, selectionSet: selection.selectionSet });
      else {
        if (level === 0) outline.rootFields++;
        if (selection.alias) outline.aliases++;
        if (!isApart) outline.depth = Math.max(outline.depth, level + 1);
        const { name, selectionSet: below } = selection;
        if (below) open.push({ selectionSet: below, level: level + 1, isApart: isApart || isIntrospection(name.value) });
      }
    }
  }
  return outline;
}

const isIntrospection = (name: string) => name === '__schema' || name === '__type';

function totalsOf(outline: Outline, known: ReadonlyMap<string, Totals>): Totals {
  let { depth, aliases, rootFields } = outline;
  for (const { name, level, isRoot, isApart } of outline.spreads) {
    const fragment = known.get(name);
    if (!fragment) continue;
    if (!isApart && fragment.depth > 0) depth = Math.max(depth, plus(level, fragment.depth));
    aliases = plus(aliases, fragment.aliases);
    if (isRoot) rootFields = plus(rootFields, fragment.rootFields);
  }
  return { depth, aliases, rootFields };
}

/** The names of fragments, each behind those that it spreads, but for cycles. */
function innermostFirst(fragments: ReadonlyMap<string, Outline>): Set<string> {
  const entered = new Set<string>();
  const left = new Set<string>();
  for (const start of fragments.keys()) {
    const open = [start];
    for (let name = open.at(-1); name !== undefined; name = open.at(-1)) {
      if (entered.has(name)) {
        left.add(name);
        open.pop();
        continue;
      }
      entered.add(name);
      for (const spread of fragments.get(name)?.spreads ?? []) {
        if (fragments.has(spread.name) && !entered.has(spread.name)) open.push(spread.name);
      }
    }
  }
  return left;
}
