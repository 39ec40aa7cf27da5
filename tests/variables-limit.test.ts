import { expect, test } from 'vitest';
import { variablesWithin } from '../src/limits/variables.ts';
import { cpuTimer } from './support/cpu-time.ts';

const LIMITS = { maxDepth: 3, maxBytes: 100 };

test('variables within both limits exceed nothing', () => {
  for (const variables of [{}, null, undefined, { id: 'x', first: 20, isOpen: true, after: null }, { a: { b: { c: 1 } } }, { a: [[[]]] }])
    expect(variablesWithin(variables, LIMITS)).toBeUndefined();
});

test('lists and objects within each other are as deep as there are levels of them below a name', () => {
  expect(variablesWithin({ a: { b: [{ c: 1 }] } }, { ...LIMITS, maxDepth: 3 })).toBeUndefined();
  expect(variablesWithin({ a: { b: [{ c: 1 }] } }, { ...LIMITS, maxDepth: 2 })).toEqual({ limit: 'depth', max: 2, actual: 3 });
  expect(variablesWithin({ a: 1, b: [] }, { ...LIMITS, maxDepth: 0 })).toEqual({ limit: 'depth', max: 0, actual: 1 });
  expect(variablesWithin({ a: 1, b: 'x' }, { ...LIMITS, maxDepth: 0 })).toBeUndefined();
});

test('the deepest value counts, wherever it is', () => {
  for (const variables of [{ a: [[[[]]]], b: 1 }, { b: 1, a: [[[[]]]] }, { a: [1, 2, [[{ x: 1 }]], 3] }])
    expect(variablesWithin(variables, LIMITS)?.limit).toBe('depth');
});

test('bytes are those of JSON, about', () => {
  const samples = [
    { text: 'x'.repeat(500) },
    { text: 'अ'.repeat(200) },
    { list: Array.from({ length: 200 }, (_, index) => index * 1000) },
    { list: Array.from({ length: 100 }, () => ({ name: 'x', is: true, none: null })) },
    { ['k'.repeat(400)]: 1 },
  ];
  for (const sample of samples) {
    const bytes = Buffer.byteLength(JSON.stringify(sample));
    expect(variablesWithin(sample, { maxDepth: 5, maxBytes: bytes * 1.1 })).toBeUndefined();
    expect(variablesWithin(sample, { maxDepth: 5, maxBytes: bytes * 0.9 })).toMatchObject({ limit: 'bytes', max: bytes * 0.9 });
  }
});

test('what came in a short text is not counted again, and still measured for its depth', () => {
  const variables = { text: 'x'.repeat(500) };
  expect(variablesWithin(variables, LIMITS, 100)).toBeUndefined();
  expect(variablesWithin(variables, LIMITS, 101)?.limit).toBe('bytes');
  expect(variablesWithin({ a: [[[[]]]] }, LIMITS, 10)?.limit).toBe('depth');
});

test('a megabyte of brackets is refused at once, and measured where any depth is allowed', () => {
  let deep: unknown = [];
  for (let level = 0; level < 500_000; level++) deep = [deep];
  const workedMs = cpuTimer();
  expect(variablesWithin({ deep }, { maxDepth: 20, maxBytes: 100 })).toEqual({ limit: 'depth', max: 20, actual: 21 });
  expect(workedMs()).toBeLessThan(5);
  const anyDepth = { maxDepth: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY };
  expect(variablesWithin({ deep }, anyDepth)).toBeUndefined();
  expect(variablesWithin({ deep }, { ...anyDepth, maxBytes: 1000 })?.limit).toBe('bytes');
});

test('a long list is left when it has more bytes than allowed', () => {
  const list = Array.from({ length: 1000 }, () => ['x'.repeat(1000)]);
  const excess = variablesWithin({ list }, { maxDepth: 5, maxBytes: 5000 });
  expect(excess?.limit).toBe('bytes');
  expect(excess?.actual).toBeLessThan(20_000);
});

test('names that mean something to JavaScript are names like others', () => {
  const variables = JSON.parse('{ "__proto__": { "constructor": { "toString": [[1]] } } }');
  expect(variablesWithin(variables, { maxDepth: 4, maxBytes: 1000 })).toBeUndefined();
  expect(variablesWithin(variables, { maxDepth: 3, maxBytes: 1000 })?.limit).toBe('depth');
  expect(variablesWithin({ a: JSON.parse('{ "__proto__": 1, "hasOwnProperty": 2 }') }, LIMITS)).toBeUndefined();
});
