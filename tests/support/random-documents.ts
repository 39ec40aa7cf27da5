// Valid operations of a schema, at random: fields to a depth, arguments from pools, aliases, fragments, directives and variables.

import {
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isRequiredArgument,
  isUnionType,
} from 'graphql';
import type { createRandom } from './batching.ts';

type Random = ReturnType<typeof createRandom>;
/** GraphQL text of values by the name of their type, or of an argument of one. */
export type Pools = Record<string, readonly string[]>;

const VARIABLES = {
  yes: ['Boolean', 'true'],
  no: ['Boolean', 'false'],
  first: ['Int', '2'],
  category: ['CertificateCategory', 'null'],
  search: ['String', '"a"'],
} as const;

export function randomDocument(schema: GraphQLSchema, { below, pick }: Random, pools: Pools) {
  let names = 0;
  const fragments: string[] = [];
  const used = new Set<string>();
  const variable = (name: keyof typeof VARIABLES) => {
    used.add(name);
    return `$${name}`;
  };

  const literalOf = (name: string, type: GraphQLArgument['type']): string => {
    const nullable = getNullableType(type);
    if (isListType(nullable)) return `[${Array.from({ length: below(4) }, () => literalOf(name, nullable.ofType)).join(' ')}]`;
    if (type === nullable && below(8) === 0) return 'null';
    if (type === nullable && name in VARIABLES && below(2) === 0) return variable(name as keyof typeof VARIABLES);
    if (isEnumType(nullable)) return pick(nullable.getValues()).name;
    if (isInputObjectType(nullable)) {
      const fields = Object.values(nullable.getFields()).filter(() => below(4) === 0);
      return `{${fields.map((field) => `${field.name}: ${literalOf(field.name, field.type)}`).join(' ')}}`;
    }
    return pick(pools[name] ?? pools[getNamedType(type).name] ?? ['null']);
  };

  const argsOf = (args: readonly GraphQLArgument[]): string => {
    // A list is short at each depth, and has one direction.
    const isList = args.some(({ name }) => name === 'first');
    const given = args.filter(
      (arg) => isRequiredArgument(arg) || arg.name === 'first' || (below(3) === 0 && !(isList && /^(last|before)$/.test(arg.name))),
    );
    return given.length === 0 ? '' : `(${given.map((arg) => `${arg.name}: ${literalOf(arg.name, arg.type)}`).join(', ')})`;
  };

  const directive = () =>
    below(8) === 0 ? ` @${pick(['skip', 'include'])}(if: ${pick(['true', 'false', variable('yes'), variable('no')])})` : '';

  const selectionOf = (type: GraphQLCompositeType, depth: number): string => {
    const parts: string[] = below(4) === 0 ? ['__typename'] : [];
    const fields = isUnionType(type) ? [] : Object.values(type.getFields());
    for (let count = 1 + below(4); count > 0 && fields.length > 0; count--) {
      const field = pick(fields.filter((one) => depth > 0 || isLeafType(getNamedType(one.type))));
      if (!field) break;
      const fieldType = getNamedType(field.type);
      const head = `${field.name === 'id' ? '' : `a${names++}: `}${field.name}${argsOf(field.args)}`;
      // The same field twice is one, with what both select.
      for (let times = below(6) === 0 ? 2 : 1; times > 0; times--)
        parts.push(`${head}${directive()}${isCompositeType(fieldType) ? ` ${selectionOf(fieldType, depth - 1)}` : ''}`);
    }
    if (below(3) === 0 || isUnionType(type)) {
      const conditions = isAbstractType(type) ? schema.getPossibleTypes(type) : [type];
      const condition = pick(conditions);
      const selection = selectionOf(condition, depth - 1);
      if (below(2) === 0) parts.push(`... on ${condition.name}${directive()} ${selection}`);
      else {
        const name = `F${names++}`;
        fragments.push(`fragment ${name} on ${condition.name} ${selection}`);
        parts.push(`...${name}${directive()}`);
      }
    }
    return `{ ${parts.length > 0 ? parts.join('\n  ') : '__typename'} }`;
  };

  const root = schema.getQueryType();
  if (!root) throw new Error('The schema has no queries.');
  const selection = selectionOf(root, 5);
  const declared = Array.from(used, (name) => {
    const [type, fallback] = VARIABLES[name as keyof typeof VARIABLES];
    return `$${name}: ${type}${type === 'Boolean' ? '!' : below(2) === 0 ? ` = ${fallback}` : ''}`;
  });
  const variables: Record<string, unknown> = { yes: true, no: false };
  if (below(2) === 0) variables.first = pick([1, 3, null, 0]);
  if (below(2) === 0) variables.search = pick(['', 'a', null]);
  if (below(2) === 0) variables.category = pick(['ID_CARD', 'DAILY_SHEET', null]);
  return { query: [`query Q${declared.length > 0 ? `(${declared.join(', ')})` : ''} ${selection}`, ...fragments].join('\n'), variables };
}
