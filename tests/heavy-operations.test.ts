import { Kind, parse } from 'graphql';
import pg from 'pg';
import { expect, test, vi } from 'vitest';
import { schema } from '../src/graphql/schema.ts';
import { examples } from '../src/modules/examples.ts';
import { sizeOf } from '../src/plugins/operation-size.ts';
import { createGate, useGate } from '../src/plugins/use-gate.ts';
import { anApp } from './support/world.ts';

function measure(text: string): number {
  const { definitions } = parse(text);
  const operation = definitions.find((one) => one.kind === Kind.OPERATION_DEFINITION);
  const fragments = definitions.filter((one) => one.kind === Kind.FRAGMENT_DEFINITION);
  if (!operation) throw new Error('There is no operation.');
  return sizeOf(schema, operation, new Map(fragments.map((fragment) => [fragment.name.value, fragment])));
}

/** Each fragment spreads the next one twice. */
const doubling = (depth: number) =>
  `{ spa(id: "U3BhOjE=") { ...F0 } } ${Array.from({ length: depth }, (_, i) => `fragment F${i} on Spa { ...F${i + 1} ...F${i + 1} }`).join(' ')} fragment F${depth} on Spa { name }`;

test('the size of an operation counts its fragments as often as they are spread, in no time', () => {
  expect(measure('{ spas { nodes { name } } }')).toBe(3);
  expect(measure('{ spas { nodes { ...A ...A } } } fragment A on Spa { name city }')).toBe(2 + 2 * 3);
  expect(measure(doubling(10))).toBeGreaterThan(2 ** 10);
  expect(measure(doubling(40))).toBeGreaterThan(2 ** 40);
  // An interface counts once for each of its eight types, and a fragment only for those that it is about.
  expect(measure('{ publicCertificates { nodes { number } } }')).toBe(2 + 8);
  expect(measure('{ publicCertificates { nodes { ... on Invoice { billNumber } ... on Certificate { number } } } }')).toBe(2 + 1 + 8);
  for (const { query } of examples) if (query.includes('query ')) expect(measure(query)).toBeLessThan(2000);
});

test('a document that grows with its fragments is answered at once, however often it comes', async () => {
  const { ask } = await anApp();
  for (let i = 0; i < 3; i++) expect((await ask(doubling(14))).data).toEqual({ spa: { name: expect.any(String) } });
});

test('an answer that is longer than a string may be is refused, and the gateway lives', async () => {
  const { ask } = await anApp();
  const write = JSON.stringify;
  const spy = vi.spyOn(JSON, 'stringify').mockImplementation((value, ...rest) => {
    if (value?.data?.spas) throw new RangeError('Invalid string length');
    return Reflect.apply(write, JSON, [value, ...rest]);
  });
  const refused = await ask('{ spas(first: 1) { nodes { name } } }').finally(() => spy.mockRestore());
  expect([refused.status, refused.errors?.[0]?.extensions.code]).toEqual([400, 'LIMIT_EXCEEDED']);
  expect((await ask('{ spas(first: 1) { nodes { name } } }')).status).toBe(200);
});

test('so many queries run at once, the others in the order of their arrival, and mutations do not wait', async () => {
  const { onExecute } = useGate(createGate(2));
  const running = new Map<number, () => void>();
  const finished: number[] = [];
  const start = (id: number, text: string, signal?: AbortSignal) => {
    let execute = (_args: unknown): Promise<unknown> =>
      new Promise((resolve) => {
        running.set(id, () => {
          running.delete(id);
          finished.push(id);
          resolve({ data: id });
        });
      });
    const args = {
      document: parse(text),
      contextValue: { client: { key: 'one' }, loaders: { throwIfLeft: () => signal?.throwIfAborted() } },
    };
    onExecute?.({ args, executeFn: execute, setExecuteFn: (next: typeof execute) => (execute = next) } as never);
    return execute(args);
  };
  const gone = AbortSignal.abort();
  const answers = [1, 2, 3, 4].map((id) => start(id, '{ a }', id === 3 ? gone : undefined));
  const left = expect(answers[2]).rejects.toBe(gone.reason);
  const written = start(5, 'mutation { a }');
  await vi.waitFor(() => expect([...running.keys()].sort()).toEqual([1, 2, 5]));
  running.get(5)?.();
  running.get(1)?.();
  await vi.waitFor(() => expect([...running.keys()].sort()).toEqual([2, 4]));
  for (const finish of [...running.values()]) finish();
  await Promise.all([left, written, answers[0], answers[1], answers[3]]);
  expect(finished).toEqual([5, 1, 2, 4]);
});

test('an alias that JavaScript has a meaning for is a name like others, the fifth time too', async () => {
  const { send } = await anApp();
  const texts = [];
  for (let i = 0; i < 5; i++)
    texts.push(await (await send({ query: '{ spas(first: 1) { nodes { name __proto__: city constructor: id } } }' })).text());
  expect(texts[0]).toContain('"__proto__":');
  expect(new Set(texts).size).toBe(1);
});

test('a query waits while another one has the only place, compiled or not, and a mutation does not', async () => {
  const { ask, databaseUrl } = await anApp({ maxQueries: 1 });
  const templates = '{ templates(first: 1) { nodes { id } } }';
  for (let i = 0; i < 3; i++) await ask(templates);
  const holder = new pg.Client({ connectionString: databaseUrl });
  await holder.connect();
  await holder.query('begin; lock table hiring_forms in access exclusive mode');
  const first = ask('{ hiringForms(first: 1) { nodes { id } } }');
  await new Promise((resolve) => setTimeout(resolve, 100));
  let isAnswered = false;
  const second = ask(templates).then(() => {
    isAnswered = true;
  });
  const refused = await ask('mutation { signIn(input: { usernameOrEmail: "nobody", password: "nothing at all" }) { token } }');
  expect(refused.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
  expect(isAnswered).toBe(false);
  await holder.query('commit');
  await holder.end();
  expect((await first).errors).toBeUndefined();
  await second;
});
