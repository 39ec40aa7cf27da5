import { readFile } from 'node:fs/promises';
import { getOperationAST, parse } from 'graphql';
import { expect, test } from 'vitest';
import { demoSignIns } from '../prisma/seed/demo.ts';
import { printedSchema } from '../src/graphql/schema.ts';
import { examples } from '../src/modules/examples.ts';
import { anApp } from './support/world.ts';

const nameOf = (query: string) => getOperationAST(parse(query))?.name?.value ?? '';
const isSubscription = (query: string) => getOperationAST(parse(query))?.operation === 'subscription';

/** The most statements that each operation may send; the number never depends on how many rows there are. */
const MOST: Record<string, number> = {
  TemplateGallery: 2,
  PublicCertificates: 4,
  VerifyCertificate: 4,
  SpaDirectory: 6,
  SpaPage: 5,
  JobBoard: 2,
  Me: 5,
  CandidateInbox: 5,
  Dashboard: 9,
  AdminUsers: 4,
};

test('schema.graphql is the schema that is served', async () => {
  expect(await readFile(new URL('../schema.graphql', import.meta.url), 'utf8')).toBe(printedSchema());
});

test('every operation of the frontend answers with data and without errors', async () => {
  const { ask } = await anApp();
  for (const { query, variables, userId } of examples.filter((example) => !isSubscription(example.query))) {
    const role = demoSignIns[(userId ?? 0) - 1]?.role;
    const answer = await ask(query, variables, role ? { as: role } : {});
    expect({ name: nameOf(query), errors: answer.errors, status: answer.status }).toEqual({
      name: nameOf(query),
      errors: undefined,
      status: 200,
    });
    for (const value of Object.values(answer.data)) expect(value, nameOf(query)).not.toBeNull();
  }
});

for (const [name, most] of Object.entries(MOST)) {
  test(`${name} sends at most ${most} statements`, async () => {
    const { ask, statements } = await anApp();
    const example = examples.find(({ query }) => nameOf(query) === name);
    const role = demoSignIns[(example?.userId ?? 0) - 1]?.role;
    const run = (first: number) =>
      statements.during(() => ask(example?.query ?? '', { ...example?.variables, first }, role ? { as: role } : {}));
    const [few, many] = [await run(1), await run(name === 'VerifyCertificate' || name === 'SpaPage' || name === 'Dashboard' ? 1 : 100)];
    expect(many.length, many.join('\n')).toBeLessThanOrEqual(most);
    expect(few.length, few.join('\n')).toBeLessThanOrEqual(most);
  });
}
