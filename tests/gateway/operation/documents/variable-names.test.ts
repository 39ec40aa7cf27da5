import { expect, test } from 'vitest';
import { expectError } from '../../../support/refusals.ts';
import { anApp } from '../../../support/world.ts';

const listBy = (name: string) => `query ($${name}: SpaFilter) { spas(first: 2, filter: $${name}) { nodes { city } } }`;
/** A text, because an object literal with `__proto__` is not what it says. */
const bodyOf = (name: string) => `{"query":${JSON.stringify(listBy(name))},"variables":{"${name}":{"city":"Nowhere"}}}`;

test('a variable is refused whose name would lose its value, however often it comes, and other odd names are names', async () => {
  const { send } = await anApp();
  for (let i = 0; i < 5; i++) {
    const response = await send(bodyOf('__proto__'));
    const { data, errors } = await response.json();
    expectError({ status: response.status, data, errors }, 'GRAPHQL_VALIDATION_FAILED');
  }
  for (const name of ['constructor', 'toString', 'hasOwnProperty', '__proto', 'prototype'])
    for (let i = 0; i < 5; i++) expect((await (await send(bodyOf(name))).json()).data, name).toEqual({ spas: { nodes: [] } });
});
