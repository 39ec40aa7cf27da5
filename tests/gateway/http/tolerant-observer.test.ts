// Observers of requests are called from events of connections, where what they throw would end the process.

import { expect, test } from 'vitest';
import { anApp } from '../../support/world.ts';

test('an observer that throws costs no request its answer, and the others see it all the same', async () => {
  const seen: string[] = [];
  const fail = (when: string) => () => {
    throw new Error(`It fails at the ${when}.`);
  };
  const { ask, logged } = await anApp({
    expectsErrors: true,
    observers: [
      { onRequestStart: fail('start'), onRequestEnd: fail('end') },
      { onRequestStart: ({ path }) => void seen.push(path), onRequestEnd: ({ status }) => void seen.push(String(status)) },
    ],
    isDirect: false,
  });
  for (let round = 0; round < 2; round++) expect((await ask('{ spas(first: 1) { nodes { id } } }')).errors).toBeUndefined();
  await expect.poll(() => seen).toEqual(['/graphql', '200', '/graphql', '200']);
  expect(logged.map((line) => JSON.parse(line).err.message)).toEqual(
    ['start', 'end', 'start', 'end'].map((when) => `It fails at the ${when}.`),
  );
});
