import { isListType, isNonNullType } from 'graphql';
import { expect, test } from 'vitest';
import { schema } from '../../../src/graphql/schema.ts';
import { SPA } from '../../support/inputs.ts';
import { anApp } from '../../support/world.ts';

test('every root field of queries and mutations is nullable, but for `nodes`, which is a list as in Relay', () => {
  const roots = [schema.getQueryType(), schema.getMutationType()].flatMap((type) => Object.values(type?.getFields() ?? {}));
  expect(roots.length).toBeGreaterThan(25);
  const nonNull = roots.filter(({ type }) => isNonNullType(type));
  expect(nonNull.map(({ name, type }) => [name, String(type)])).toEqual([['nodes', '[Node]!']]);
  expect(nonNull.every(({ type }) => isNonNullType(type) && isListType(type.ofType))).toBe(true);
});

test('a forbidden list and a wrong argument leave the rest of the screen, each with its code at its path', async () => {
  const { ask } = await anApp();
  const screen = `{ users { nodes { id } } spas(first: 1000) { nodes { id } } statistics { certificates { total } }
    spa(id: "${SPA}") { name } templates(first: 1) { nodes { name } } }`;
  const { status, data, errors } = await ask(screen, {}, { as: 'HR' });
  expect(status).toBe(200);
  expect(data).toEqual({
    users: null,
    spas: null,
    statistics: null,
    spa: { name: expect.any(String) },
    templates: { nodes: [{ name: expect.any(String) }] },
  });
  const codes = Object.fromEntries(errors?.map(({ path, extensions }) => [path?.join('.'), extensions.code]) ?? []);
  expect(codes).toEqual({ users: 'FORBIDDEN', spas: 'BAD_USER_INPUT', statistics: 'FORBIDDEN' });
});
