// Relay connections over batched lists: forward and backward by keyset cursors, which stay right while rows come and go.

import type { OutputRef } from '@pothos/core';
import type { GraphQLResolveInfo } from 'graphql';
import type { Visibility } from '../batching/list-options.ts';
import { MAX_PAGE_ROWS } from '../batching/list-statement.ts';
import { type Count, type List, MAX_EXACT_COUNT } from '../batching/lists.ts';
import { type MaybePromise, when } from '../batching/maybe-promise.ts';
import { BadUserInput, type InputIssue } from '../errors.ts';
import type { ModelName, Row } from '../resources/models.ts';
import { builder } from './builder.ts';
import { cacheFor } from './cache-hints.ts';
import type { Context } from './context.ts';
import { decodeCursor, encodeCursor } from './cursors.ts';
import { withEdges } from './edges.ts';

/** The most entries that a page may have. */
export const MAX_FIRST = MAX_PAGE_ROWS - 1;
/** The entries of a page where neither `first` nor `last` is given. */
export const DEFAULT_FIRST = 20;

type PageArgs = { first?: number | null; after?: string | null; last?: number | null; before?: string | null };
type Edge<R> = { node: R; cursor: () => string };
type Page<R> = { edges: Edge<R>[]; hasNextPage: boolean; hasPreviousPage: boolean };
/** Read only as far as it is selected: no page for a client that wants the count, no count for one that wants the page. */
export type Connection<R> = { page: () => MaybePromise<Page<R>>; count: () => MaybePromise<Count> };

const TotalCount = builder.objectRef<Count>('TotalCount').implement({
  description: `How many there are: counted up to ${MAX_EXACT_COUNT.toLocaleString('en')}, estimated above.`,
  extensions: cacheFor('inherit'),
  fields: (t) => ({
    value: t.exposeInt('value', { description: 'The number of objects in the list, whatever the page.' }),
    isExact: t.exposeBoolean('isExact', { description: 'False where the value is the estimate of the database.' }),
  }),
});

type PageInfo = { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };

/** Declares `XConnection` and `XEdge` for a type. `things`: what the descriptions call its objects. */
export function connectionOf<R extends object>(node: OutputRef<R>, name: string, things: string): OutputRef<Connection<R>> {
  const EdgeRef = builder.objectRef<Edge<object>>(`${name}Edge`).implement({
    description: `An entry of a list of ${things}.`,
    extensions: cacheFor('inherit'),
    fields: (t) => ({
      // One row that cannot be shown, as of a category that this version does not know, takes no page with it.
      node: t.expose('node', {
        type: node as OutputRef<object>,
        nullable: true,
        description: 'The object of this entry; null with an error where it cannot be shown.',
      }),
      cursor: t.string({
        description: 'Where this entry stands: for `after` and `before` of the same list.',
        resolve: (edge) => edge.cursor(),
      }),
    }),
  });
  const ConnectionRef: OutputRef<unknown> = builder.objectRef<Connection<object>>(`${name}Connection`).implement({
    description: `A page of a list of ${things}.`,
    extensions: cacheFor('inherit'),
    fields: (t) => ({
      edges: t.field({
        type: [EdgeRef],
        description: 'The entries of the page, with their cursors.',
        resolve: ({ page }) => when(page(), ({ edges }) => edges),
      }),
      nodes: t.field({
        type: [node as OutputRef<object>],
        nullable: { list: false, items: true },
        description: 'The objects of the page, without cursors; null with an error for one that cannot be shown.',
        resolve: ({ page }) => when(page(), ({ edges }) => edges.map(({ node }) => node)),
      }),
      pageInfo: t.field({
        type: builder.pageInfoRef(),
        description: 'What lies before and behind the page.',
        resolve: ({ page }) =>
          when(
            page(),
            ({ edges, hasNextPage, hasPreviousPage }): PageInfo => ({
              hasNextPage,
              hasPreviousPage,
              startCursor: edges[0]?.cursor() ?? null,
              endCursor: edges.at(-1)?.cursor() ?? null,
            }),
          ),
      }),
      totalCount: t.field({ type: TotalCount, description: 'Computed only when selected.', resolve: ({ count }) => count() }),
    }),
  });
  return ConnectionRef as OutputRef<Connection<R>>;
}

/** The four arguments of every connection. `connect` checks them: a list below each of a hundred parents is too often for a validator. */
export const pageArgs = builder.args((t) => ({
  first: t.int({
    description: `How many entries from the start, or behind \`after\`: 1 to ${MAX_FIRST}, ${DEFAULT_FIRST} by default.`,
  }),
  after: t.string({ description: 'A cursor of this list: the page begins behind it.' }),
  last: t.int({
    description: `How many entries from the end, or before \`before\`: 1 to ${MAX_FIRST}. Not together with \`first\`.`,
  }),
  before: t.string({ description: 'A cursor of this list: the page ends before it.' }),
}));

/**
 * A page of a list, for the arguments of a connection field. `where`: what the client filters by; null and undefined filter nothing.
 * `below`: the filters that make it the list of a parent, with the parent's keys. Throws BadUserInput where the arguments contradict
 * each other, and Error where a key of `below` is missing: it must not show the lists of all parents.
 */
export function connect<M extends ModelName, L extends List<M>>(
  list: L & List<M>,
  ctx: Context,
  info: GraphQLResolveInfo,
  args: PageArgs,
  { where: filters, below, visible }: { where?: Where<M, L>; below?: Where<M, L>; visible: Visibility<M> },
): Connection<Row<M>> {
  const missing = below && Object.entries(below).find(([, key]) => key === undefined || key === null)?.[0];
  if (missing !== undefined) throw new Error(`A list is below a parent, and the parent's ${missing} is missing.`);
  const where = below ? { ...filters, ...below } : filters;
  const scope = `${info.parentType.name}.${info.fieldName}`;
  const { isReversed, size, mark } = readArgs(args);
  const after = mark === undefined ? undefined : decodeCursor(list, scope, mark.value, mark.argument);

  let page: MaybePromise<Page<Row<M>>> | undefined;
  const read = () =>
    when(list.page(ctx, { where, visible, after, isReversed, limit: size + 1 }), (rows) => {
      const hasMore = rows.length > size;
      const inOrder = isReversed ? rows.slice(0, size).reverse() : rows.slice(0, size);
      const edges = inOrder.map((node) => ({ node, cursor: () => encodeCursor(list, scope, node) }));
      const isInside = after !== undefined;
      const result = { edges, hasNextPage: isReversed ? isInside : hasMore, hasPreviousPage: isReversed ? hasMore : isInside };
      return when(withEdges(ctx, info, inOrder), () => result);
    });
  return { page: () => (page ??= read()), count: () => list.count(ctx, { where, visible }) };
}

type Where<M extends ModelName, L extends List<M>> = Parameters<L['page']>[1]['where'];

function readArgs({ first, after, last, before }: PageArgs) {
  const issues: InputIssue[] = [];
  const refuse = (argument: string, message: string) => issues.push({ path: [argument], message });
  const isSize = (size: number | null | undefined) => size == null || (size >= 1 && size <= MAX_FIRST);
  if (!isSize(first)) refuse('first', `Ask for 1 to ${MAX_FIRST}.`);
  if (!isSize(last)) refuse('last', `Ask for 1 to ${MAX_FIRST}.`);
  if (first != null && last != null && issues.length === 0) refuse('last', 'Give first or last, not both.');
  if (after != null && before != null) refuse('before', 'Give after or before, not both.');
  if (last != null && after != null) refuse('after', 'after goes with first; use before with last.');
  if (first != null && before != null) refuse('before', 'before goes with last; use after with first.');
  if (issues.length > 0) throw new BadUserInput(issues);
  const isReversed = last != null || before != null;
  const value = isReversed ? before : after;
  return {
    isReversed,
    size: (isReversed ? last : first) ?? DEFAULT_FIRST,
    mark: value == null ? undefined : { value, argument: isReversed ? 'before' : 'after' },
  };
}
