// What code and values can throw outside of resolvers: a compiled operation answers as graphql-js does, and nothing is left unhandled.

import {
  buildSchema,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  parse,
} from 'graphql';
import { expect, test } from 'vitest';
import { isGuarded } from '../../../../src/gateway/operation/execution/guarded-runtime.ts';
import { useCompiledOperations } from '../../../../src/plugins/use-compiled-operations.ts';

type Thing = { type?: () => unknown } & Record<string, unknown>;

const schema = buildSchema(`
  enum Color { RED GREEN }
  interface Thing { id: ID name: String! color: Color count: Int tags: [String!] other: Thing }
  type A implements Thing { id: ID name: String! color: Color count: Int tags: [String!] other: Thing }
  type B implements Thing { id: ID name: String! color: Color count: Int tags: [String!] other: Thing mustHave: Thing! }
  type Holder { inner: Thing things: [Thing!] }
  type Query { before: Thing one: Thing must: Thing! things: [Thing] mustThings: [Thing!]! nested: [[Thing]!] holder: Holder after: Thing }
`);
(schema.getType('Thing') as GraphQLInterfaceType).resolveType = ((thing: Thing) => (thing.type ? thing.type() : 'A')) as never;
(schema.getType('B') as GraphQLObjectType).isTypeOf = (thing) => {
  if ((thing as Thing).isStrange) throw new Error('isTypeOf has thrown.');
  return (thing as Thing).isB === true;
};
const fields = (name: string) => Object.values((schema.getType(name) as GraphQLObjectType).getFields());
// Some fields have resolvers, as those that load something; others are read as properties, as columns are.
for (const field of fields('Query')) field.resolve = (root: Record<string, () => unknown>) => root[field.name]?.();
for (const type of ['A', 'B'])
  for (const field of fields(type).filter(({ name }) => name === 'other')) field.resolve = ({ other }) => other;

const SELECTION = '{ __typename id name color count tags other { name } ... on B { mustHave { id } } }';
const document = parse(`{ before ${SELECTION} one ${SELECTION} must ${SELECTION} things ${SELECTION} mustThings ${SELECTION}
  nested ${SELECTION} holder { inner ${SELECTION} things ${SELECTION} } after ${SELECTION} }`);

const good = (): Thing => ({ id: '1', name: 'good', color: 'RED', count: 1, tags: ['a'], other: { name: 'other' } });
const thrower = (error: unknown) => () => {
  throw error;
};
const isOf = (type: () => unknown): Thing => ({ ...good(), type });
const withGetter = (name: string, error: unknown): Thing => Object.defineProperty(good(), name, { get: thrower(error) });
/** Handled before it is used: of some of these the compiled form takes no notice. What becomes of others is tested with whole processes. */
const failing = (reason: unknown): Promise<never> => {
  const promise = Promise.reject(reason);
  promise.catch(() => undefined);
  return promise;
};
function* breaking() {
  yield 'a';
  throw new Error('The iterator has thrown.');
}

/** What a field may be given in place of a good thing. */
const FAULTS: Record<string, () => unknown> = {
  null: () => null,
  undefined: () => undefined,
  'an error': () => new Error('An error was returned.'),
  'a number': () => 5,
  'a list': () => [good()],
  'a type that is thrown': () => isOf(thrower(new TypeError("Cannot read properties of undefined (reading 'type')"))),
  'a type that throws a text': () => isOf(thrower('text')),
  'a type that throws nothing': () => isOf(thrower(undefined)),
  'a type that is unknown': () => isOf(() => 'GIFT_CARD'),
  'a type that is not possible': () => isOf(() => 'Query'),
  'a type that is an enum': () => isOf(() => 'Color'),
  'a type that is null': () => isOf(() => null),
  'a type that is a number': () => isOf(() => 7),
  'a type that comes later': () => isOf(async () => 'A'),
  'a type that fails later': () => isOf(() => failing(new Error('The type has failed.'))),
  'a type that it is not': () => isOf(() => 'B'),
  'a type whose check throws': () => ({ ...isOf(() => 'B'), isStrange: true }),
  'a lack below it': () => ({ ...isOf(() => 'B'), isB: true, mustHave: null }),
  'a fault below it': () => ({ ...good(), other: isOf(thrower(new Error('below'))) }),
  'a fault that comes later below it': () => ({ ...good(), other: Promise.resolve(isOf(thrower(new Error('below, later')))) }),
  'no name': () => ({ ...good(), name: null }),
  'a name that is an object': () => ({ ...good(), name: { a: 1 } }),
  'a name that comes later': () => ({ ...good(), name: Promise.resolve('late') }),
  'a name that is computed': () => ({ ...good(), name: () => 'computed' }),
  'a name that throws': () => withGetter('name', new Error('The getter has thrown.')),
  'a name that throws a range error': () => withGetter('name', new RangeError('Invalid string length')),
  'a colour that is unknown': () => ({ ...good(), color: 'BLUE' }),
  'a colour that is inherited': () => ({ ...good(), color: 'constructor' }),
  'a count that is too large': () => ({ ...good(), count: 2 ** 31 }),
  'a count that is a text': () => ({ ...good(), count: '12' }),
  'a count that is no number': () => ({ ...good(), count: Number.NaN }),
  'an id that is a number': () => ({ ...good(), id: 12 }),
  'tags that are a text': () => ({ ...good(), tags: 'abc' }),
  'tags that are a set': () => ({ ...good(), tags: new Set(['x', 'y']) }),
  'tags that break': () => ({ ...good(), tags: breaking() }),
  'tags with a lack': () => ({ ...good(), tags: ['a', null] }),
};

const rejections = [
  new Error('late'),
  'text',
  undefined,
  null,
  0,
  Object.create(null),
  new AggregateError([new Error('one'), new Error('two')], 'both'),
];
for (const [i, reason] of rejections.slice(0, 4).entries()) FAULTS[`a rejection ${i}`] = () => failing(reason);
for (const [i, error] of rejections.slice(0, 4).entries())
  FAULTS[`what resolves to a fault ${i}`] = () => Promise.resolve(isOf(thrower(error)));
FAULTS['a thenable that calls back at once'] = () => ({
  // biome-ignore lint/suspicious/noThenProperty: what other libraries call a promise.
  then: (resolve: (value: unknown) => void) => resolve(isOf(thrower(new Error('at once')))),
});

/** Where the fault stands: the other fields and items are good, some at once and some later. */
const PLACES: Record<string, (fault: () => unknown) => Record<string, () => unknown>> = {
  one: (fault) => ({ one: fault }),
  must: (fault) => ({ must: fault }),
  things: (fault) => ({ things: () => [good(), fault(), Promise.resolve(good()), good()] }),
  'things, of which the others are faster': (fault) => ({
    things: () => [wait(3).then(fault), Promise.resolve(good()), wait(1).then(good)],
  }),
  mustThings: (fault) => ({ mustThings: async () => [good(), fault()] }),
  nested: (fault) => ({ nested: () => [[good()], [fault(), good()]] }),
  'holder.inner': (fault) => ({ holder: async () => ({ inner: fault(), things: [good()] }) }),
  'holder.things': (fault) => ({ holder: () => ({ inner: good(), things: [good(), fault()] }) }),
};

const wait = async (turns: number) => {
  for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
};

/** A root whose fields are good, but for what is given. */
const rootOf = (given: Record<string, () => unknown>) => ({
  before: good,
  one: async () => good(),
  must: () => wait(1).then(good),
  things: () => [good()],
  mustThings: () => wait(2).then(() => [good()]),
  nested: () => [],
  holder: () => ({ inner: good(), things: [] }),
  after: () => wait(4).then(good),
  ...given,
});

/** Runs the document as the gateway does when it was compiled; `runs` counts how often graphql-js had to answer. */
async function runCompiled(args: ExecutionArgs) {
  let runs = 0;
  let run = (given: ExecutionArgs): unknown => {
    runs++;
    return execute(given);
  };
  const plugin = useCompiledOperations({ minCalls: 0 });
  const setExecuteFn = (compiled: typeof run) => {
    run = compiled;
  };
  await plugin.onExecute?.({ args, executeFn: run, setExecuteFn } as never);
  const result = (await run(args)) as ExecutionResult;
  return { result, runs };
}

const told = ({ data, errors }: ExecutionResult) => ({
  data: JSON.parse(JSON.stringify(data ?? null)),
  errors: errors?.map(({ message, path, locations }) => JSON.stringify([path, message, locations])).sort(),
});

test('an operation without faults is answered by its compiled form alone', async () => {
  expect(isGuarded).toBe(true);
  const { result, runs } = await runCompiled({ schema, document, rootValue: rootOf({}) });
  expect([result.errors, runs]).toEqual([undefined, 0]);
  expect(told(result)).toEqual(told(await execute({ schema, document, rootValue: rootOf({}) })));
});

test.each(Object.keys(PLACES))('what does not fit the schema, or throws, is told as graphql-js tells it, at %s', async (place) => {
  const differences: unknown[] = [];
  let failed = 0;
  for (const [name, fault] of Object.entries(FAULTS)) {
    const args = () => ({ schema, document, rootValue: rootOf(PLACES[place]?.(fault) ?? {}) });
    const plain = told((await execute(args())) as ExecutionResult);
    const compiled = await Promise.race([runCompiled(args()).then(({ result }) => told(result)), wait(2000).then(() => 'never settled')]);
    if (plain.errors) failed++;
    if (JSON.stringify(plain) !== JSON.stringify(compiled)) differences.push({ name, plain, compiled });
  }
  expect(differences).toEqual([]);
  expect(failed).toBeGreaterThan(25);
});

test.each(rejections.map((reason, i) => [i, reason] as const))(
  'what a resolver throws is told by the compiled form, and reason %s by graphql-js',
  async (i, reason) => {
    for (const one of [thrower(reason), () => Promise.reject(reason), () => wait(2).then(thrower(reason))]) {
      const args = () => ({ schema, document, rootValue: rootOf({ one }) });
      const plain = await (async () => told((await execute(args())) as ExecutionResult))().catch((error) => String(error));
      const compiled = await runCompiled(args()).then(
        ({ result, runs }) => ({ ...told(result), runs }),
        (error) => String(error),
      );
      expect(compiled).toEqual(typeof plain === 'string' ? plain : { ...plain, runs: i === 0 ? 0 : 1 });
    }
  },
);
