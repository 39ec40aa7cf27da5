// How many objects a list may have, from the arguments of its field: known when the operation is compiled, or read from variables.

import {
  type FieldNode,
  type GraphQLField,
  type GraphQLInputType,
  getNullableType,
  isInputObjectType,
  Kind,
  type OperationDefinitionNode,
  type ValueNode,
  valueFromASTUntyped,
} from 'graphql';

export type Variables = Readonly<Record<string, unknown>>;
/** A number, or the place of a number among those that `read` gives. */
export type Size = number | { place: number };
type Field = GraphQLField<unknown, unknown>;
/** A value that an argument has. `key`: the same for the same value, whatever the variables. */
type Source = { key: string; isFixed: boolean; read: (variables: Variables) => unknown };

/** `fallback`: where no argument says a number. `max`: more is refused by the field itself, and so costs no more. */
type Bounds = { fallback: number; max: number };

const NO_SIZES: readonly number[] = [];

/** The sizes of an operation's lists. `read` gives those that hang on variables, in the order of their places. */
export function createSizes({ variableDefinitions = [] }: OperationDefinitionNode) {
  const defaults = new Map(
    variableDefinitions.map(({ variable, defaultValue }) => [variable.name.value, defaultValue && valueFromASTUntyped(defaultValue)]),
  );
  const readers: ((variables: Variables) => number)[] = [];
  const places = new Map<string, Size>();

  const fixed = (value: unknown): Source => ({ key: JSON.stringify(value) ?? '', isFixed: true, read: () => value });
  const sourceOf = (node: ValueNode | undefined, type: GraphQLInputType, fallback: unknown, path: readonly string[]): Source => {
    if (!node) return fixed(memberOf(fallback, type, path));
    if (node.kind === Kind.VARIABLE) {
      const name = node.name.value;
      const byDefault = defaults.get(name) ?? (defaults.get(name) === null ? null : fallback);
      const read = (variables: Variables) => {
        const given = Object.hasOwn(variables, name) ? variables[name] : undefined;
        return memberOf(given === undefined ? byDefault : given, type, path);
      };
      return { key: `$${name} ${JSON.stringify([byDefault, path])}`, isFixed: false, read };
    }
    const [member, ...rest] = path;
    if (member === undefined) return fixed(valueFromASTUntyped(node));
    const nullable = getNullableType(type);
    const field = isInputObjectType(nullable) ? nullable.getFields()[member] : undefined;
    if (node.kind !== Kind.OBJECT || !field) return fixed(undefined);
    return sourceOf(node.fields.find(({ name }) => name.value === member)?.value, field.type, field.defaultValue, rest);
  };

  /** The largest number that one of the arguments says. Names of arguments that the field does not have say nothing. */
  const sizeOf = (field: Field, node: FieldNode, names: readonly string[], { fallback, max }: Bounds): Size => {
    const sources = names.flatMap((name) => {
      const [first, ...path] = name.split('.');
      const arg = field.args.find((one) => one.name === first);
      return arg ? sourceOf(node.arguments?.find((one) => one.name.value === first)?.value, arg.type, arg.defaultValue, path) : [];
    });
    const read = (variables: Variables): number => {
      let most = -1;
      for (const source of sources) {
        const value = source.read(variables);
        if (value != null) most = Math.max(most, Math.min(countOf(value), max));
      }
      return most < 0 ? fallback : most;
    };
    if (sources.every(({ isFixed }) => isFixed)) return read({});
    const key = JSON.stringify([sources.map((source) => source.key), fallback, max]);
    return places.getOrInsertComputed(key, () => ({ place: readers.push(read) - 1 }));
  };
  const read = (variables: Variables | null | undefined): readonly number[] =>
    readers.length === 0 ? NO_SIZES : readers.map((one) => one(variables ?? {}));
  return { sizeOf, read };
}

export type Sizes = ReturnType<typeof createSizes>;

/** A number, the length of a list, or 1: GraphQL takes any other value for a list of one, or refuses it. */
function countOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return typeof value === 'number' ? Math.max(0, Math.trunc(value)) : 1;
}

/** A member of an input object, or of one within it, with the defaults that the schema has for them. */
function memberOf(value: unknown, type: GraphQLInputType, path: readonly string[]): unknown {
  let found = value;
  let around = type;
  for (const name of path) {
    const nullable = getNullableType(around);
    const field = isInputObjectType(nullable) ? nullable.getFields()[name] : undefined;
    if (!field || typeof found !== 'object' || found === null) return undefined;
    found = Object.hasOwn(found, name) ? Reflect.get(found, name) : field.defaultValue;
    around = field.type;
  }
  return found;
}
