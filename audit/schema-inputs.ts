// Every place of the schema that takes text, each with an operation that reaches it.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  buildSchema,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isObjectType,
  isRequiredInputField,
  isScalarType,
} from 'graphql';
import { encodeId } from '../src/graphql/ids.ts';

const SCHEMA = path.resolve(import.meta.dirname, '../schema.graphql');

export const readSchema = (): GraphQLSchema => buildSchema(readFileSync(SCHEMA, 'utf8'));

/** A place for text: `Mutation.saveSpa(input.name)`. */
export type TextInput = {
  name: string;
  query: string;
  /** Variables that the gateway can work with, but for what stands at the place. */
  variables: (text: unknown) => Record<string, unknown>;
};

type Field = GraphQLField<unknown, unknown>;
type Path = readonly string[];

/** Values that are good enough for the other places. Ids are those of the field's name or of spas. */
const SCALARS: Record<string, unknown> = {
  ID: encodeId('Spa', 1),
  Int: 1,
  Boolean: true,
  String: 'Some words',
  Date: '2026-01-05',
  DateTime: '2026-01-05T00:00:00.000Z',
  Decimal: '10',
  JSON: {},
};
const NAMED: Record<string, unknown> = {
  templateId: encodeId('CertificateTemplate', 1),
  email: 'somebody@convoy.example',
  phoneNumber: '9876543210',
  password: 'a long password',
  usernameOrEmail: 'somebody',
};

/** All places in the arguments of a field. */
function placesIn(type: GraphQLInputType, at: Path, seen: readonly string[] = []): Path[] {
  const nullable = getNullableType(type);
  if (isListType(nullable)) return placesIn(nullable.ofType, [...at, '0'], seen);
  if (isScalarType(nullable)) return /^(Int|Boolean)$/.test(nullable.name) ? [] : [at];
  if (!isInputObjectType(nullable) || seen.includes(nullable.name)) return [];
  return Object.values(nullable.getFields()).flatMap((field) => placesIn(field.type, [...at, field.name], [...seen, nullable.name]));
}

/** A value of a type with `text` at a place, and what must be there besides. */
function inputOf(type: GraphQLInputType, name: string, place: Path | undefined, text: unknown): unknown {
  const nullable = getNullableType(type);
  if (place?.length === 0) return text;
  if (isListType(nullable)) return [inputOf(nullable.ofType, name, place?.slice(1), text)];
  if (isEnumType(nullable)) return nullable.getValues()[0]?.name;
  if (!isInputObjectType(nullable)) return NAMED[name] ?? SCALARS[nullable.name];
  const [next, ...rest] = place ?? [];
  const fields = Object.values(nullable.getFields());
  const wanted = fields.filter((field) => field.name === next || isRequiredInputField(field));
  const given = wanted.length > 0 ? wanted : nullable.isOneOf ? fields.slice(0, 1) : [];
  return Object.fromEntries(
    given.map((field) => [field.name, inputOf(field.type, field.name, field.name === next ? rest : undefined, text)]),
  );
}

const selectionOf = (field: Field) =>
  isScalarType(getNamedType(field.type)) || isEnumType(getNamedType(field.type)) ? '' : ' { __typename }';

/** `spa(id: $spa_id)` with the variables that it declares. */
function callOf(field: Field, prefix: string) {
  const args = field.args.filter((arg) => /^(input|filter|id|ids|number)$/.test(arg.name) || placesIn(arg.type, []).length > 0);
  const needed = field.args.filter((arg) => String(arg.type).endsWith('!'));
  return { args, needed, variable: (name: string) => `${prefix}_${name}` };
}

/** Fields that take text, as `Query.spas`. */
export const fieldsWithText = (schema: GraphQLSchema): string[] =>
  Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) && !type.name.startsWith('__'))
    .flatMap((type) => Object.values((type as GraphQLObjectType).getFields()).map((field) => ({ type, field })))
    .filter(({ field }) => field.args.some((arg) => placesIn(arg.type, []).length > 0))
    .map(({ type, field }) => `${type.name}.${field.name}`);

/** The inputs of all fields: those of the roots, and of objects by the shortest way that leads to them. */
export function textInputs(schema: GraphQLSchema): TextInput[] {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].filter((type) => type != null);
  const inputs: TextInput[] = [];
  const reached = new Set<string>();
  type Way = { declared: string[]; values: Record<string, unknown>; wrap: (selection: string) => string };
  const open: { type: GraphQLObjectType; way: Way }[] = roots.map((type) => ({
    type,
    way: { declared: [], values: {}, wrap: (selection) => `${type.name.toLowerCase()}DECLARED { ${selection} }` },
  }));

  for (let next = open.shift(); next; next = open.shift()) {
    const { type, way } = next;
    if (reached.has(type.name)) continue;
    reached.add(type.name);
    for (const field of Object.values(type.getFields())) {
      const prefix = `${type.name}_${field.name}`;
      const { args, needed, variable } = callOf(field, prefix);
      const call = (given: Field['args']) =>
        `${field.name}${given.length > 0 ? `(${given.map((arg) => `${arg.name}: $${variable(arg.name)}`).join(', ')})` : ''}`;
      const declare = (given: Field['args']) => [...way.declared, ...given.map((arg) => `$${variable(arg.name)}: ${arg.type}`)];
      const finish = (declared: string[], selection: string) =>
        way.wrap(selection).replace('DECLARED', declared.length > 0 ? ` (${declared.join(', ')})` : '');

      for (const arg of args) {
        const given = [...needed.filter((one) => one !== arg), arg];
        for (const place of placesIn(arg.type, [])) {
          inputs.push({
            name: `${type.name}.${field.name}(${[arg.name, ...place].join('.')})`,
            query: finish(declare(given), `${call(given)}${selectionOf(field)}`),
            variables: (text) => ({
              ...way.values,
              ...Object.fromEntries(
                given.map((one) => [variable(one.name), inputOf(one.type, one.name, one === arg ? place : undefined, text)]),
              ),
            }),
          });
        }
      }
      const below = getNamedType(field.type);
      if (!isObjectType(below) || type === schema.getMutationType() || type === schema.getSubscriptionType()) continue;
      const values = {
        ...way.values,
        ...Object.fromEntries(needed.map((arg) => [variable(arg.name), inputOf(arg.type, arg.name, undefined, '')])),
      };
      open.push({
        type: below,
        way: { declared: declare(needed), values, wrap: (selection) => way.wrap(`${call(needed)} { ${selection} }`) },
      });
    }
  }
  return inputs;
}
