// What holds for the costs of any operation: random ones, with their real answers.

import {
  astFromValue,
  type DocumentNode,
  GraphQLInt,
  Kind,
  parse,
  print,
  type ValueNode,
  type VariableDefinitionNode,
  valueFromASTUntyped,
  visit,
} from 'graphql';
import { expect, test } from 'vitest';
import { schema } from '../src/graphql/schema.ts';
import { createCostOf } from '../src/limits/cost.ts';
import { LIMITS } from '../src/limits/limits.ts';
import { createRandom } from './support/batching.ts';
import { rowsOf } from './support/database.ts';
import { IDS } from './support/forms-of-operations.ts';
import { SPA, templateFor } from './support/inputs.ts';
import { randomDocument } from './support/random-documents.ts';
import { anApp } from './support/world.ts';

const SEED = Number(process.env.CONVOY_TEST_SEED ?? 20_261_123);
const NUMBERS = ['"DS-2024-0000001"', '"INV-2023-0000001"'];

const poolsOf = (numbers: readonly string[]) => ({
  ID: IDS.map((id) => `"${id}"`),
  spaId: [`"${SPA}"`],
  templateId: [`"${templateFor('ID_CARD')}"`],
  number: numbers,
  first: ['1', '2', '3', '7'],
  after: ['null'],
  String: ['"a"', '""'],
  Boolean: ['true', 'false'],
  DateTime: ['"2024-01-01T00:00:00Z"'],
});

const costOf = createCostOf(schema);
const estimate = (document: DocumentNode, variables: Record<string, unknown>) => costOf(document)?.estimate(variables);

type Random = { document: DocumentNode; variables: Record<string, unknown> };

/** Random operations, without the variables that they declare for nothing. */
function* randomOperations(count: number, pools = poolsOf(NUMBERS)): Generator<Random> {
  const random = createRandom(SEED);
  for (let index = 0; index < count; index++) {
    const { query, variables } = randomDocument(schema, random, pools);
    const isUsed = ({ variable }: VariableDefinitionNode) => query.split(`$${variable.name.value}`).length > 2;
    yield { document: visit(parse(query), { VariableDefinition: (one) => (isUsed(one) ? undefined : null) }), variables };
  }
}

test('no answer costs more than was estimated, and some cost as much', async () => {
  // What is refused has no answer.
  const modes = Object.fromEntries(Object.keys(LIMITS).map((limit) => [limit, 'off' as const]));
  const { ask, databaseUrl } = await anApp({ protection: { modes } });
  const found = await rowsOf<{ number: string }>(databaseUrl, 'select distinct on (category) number from certificates where is_public');
  const pools = poolsOf(found.map(({ number }) => `"${number}"`));
  const beyond: unknown[] = [];
  let exact = 0;
  let answered = 0;
  for (const { document, variables } of randomOperations(300, pools)) {
    const query = print(document);
    const cost = costOf(document);
    if (!cost) throw new Error('There is no operation.');
    const { data } = await ask(query, variables, { as: 'SUPER_ADMIN' });
    const [estimated, actual] = [cost.estimate(variables), cost.actual(data, variables)];
    if (actual > estimated) beyond.push({ query, variables, estimated, actual });
    if (data && estimated > 1) answered++;
    if (data && estimated > 1 && actual === estimated) exact++;
  }
  expect(beyond).toEqual([]);
  expect({ answered: answered > 100, exact: exact > 10 }).toEqual({ answered: true, exact: true });
});

test('variables cost what their values cost where they are written out', () => {
  let written = 0;
  for (const { document, variables } of randomOperations(200)) {
    const defaults: Record<string, unknown> = {};
    visit(document, {
      VariableDefinition: ({ variable, defaultValue }) => {
        if (defaultValue) defaults[variable.name.value] = valueFromASTUntyped(defaultValue);
      },
    });
    const literalOf = (value: ValueNode) => {
      if (value.kind !== Kind.VARIABLE) return undefined;
      const name = value.name.value;
      const given = variables[name] === undefined ? defaults[name] : variables[name];
      if (given === undefined) return null;
      written++;
      return { value: (typeof given === 'number' ? astFromValue(given, GraphQLInt) : { kind: Kind.NULL }) as ValueNode };
    };
    // What is no number has no part in the costs: null stands for it.
    const inlined = visit(document, {
      VariableDefinition: () => null,
      Directive: () => null,
      Argument: (argument) => {
        const found = literalOf(argument.value);
        return found && { ...argument, ...found };
      },
    });
    expect(estimate(inlined, {}), print(document)).toBe(estimate(document, variables));
  }
  expect(written).toBeGreaterThan(100);
});

test('a fragment costs what its selection costs where it is written out', () => {
  let spreads = 0;
  for (const { document, variables } of randomOperations(200)) {
    const fragments = new Map(
      document.definitions.flatMap((one) => (one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one]] : [])),
    );
    const inlined = visit(document, {
      FragmentDefinition: () => null,
      FragmentSpread: ({ name, directives }) => {
        const fragment = fragments.get(name.value);
        if (!fragment) return undefined;
        spreads++;
        return { kind: Kind.INLINE_FRAGMENT, typeCondition: fragment.typeCondition, directives, selectionSet: fragment.selectionSet };
      },
    });
    expect(estimate(inlined, variables), print(document)).toBe(estimate(document, variables));
  }
  expect(spreads).toBeGreaterThan(100);
});

test('the nodes of a page cost what they cost within its edges', () => {
  let lists = 0;
  for (const { document, variables } of randomOperations(200)) {
    const turned = visit(document, {
      Field: (field) => {
        const { name, selectionSet, arguments: args } = field;
        if (name.value !== 'nodes' || !selectionSet || args?.length) return undefined;
        lists++;
        const node = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: 'node' }, selectionSet } as const;
        return { ...field, name: { ...name, value: 'edges' }, selectionSet: { kind: Kind.SELECTION_SET, selections: [node] } };
      },
    });
    expect(estimate(turned, variables), print(document)).toBe(estimate(document, variables));
  }
  expect(lists).toBeGreaterThan(30);
});
