import { expect, test } from 'vitest';
import { anApp } from './support/world.ts';

const QUERY = '{ spas(first: 2) { nodes { name hiringForms(first: 1) { nodes { id } } } } }';

test('an answer says what it has cost the database where a setting asks, and its share falls as others come', async () => {
  const { send } = await anApp({ showsProfile: true, isDirect: true, batching: { isShared: true } });
  const alone = await send({ query: QUERY });
  const { extensions } = await alone.json();
  expect(extensions.profile).toMatchObject({ statements: 2, share: 2 });
  expect(extensions.profile.batches.map(({ loader }: { loader: string }) => loader)).toEqual(['pages of Spa', 'pages of HiringForm']);
  expect(extensions).not.toHaveProperty('http');
  expect(alone.headers.get('server-timing')).toMatch(/^db;dur=[\d.]+;desc="2 statements, a share of 2"$/);
  const many = await Promise.all(Array.from({ length: 10 }, async () => (await send({ query: QUERY })).json()));
  for (const answer of many)
    expect(answer.extensions.profile).toMatchObject({ statements: 2, share: 0.2, batches: [{ callers: 10 }, { callers: 10 }] });
});

test('no answer says so by itself', async () => {
  const { send } = await anApp();
  const response = await send({ query: QUERY });
  expect(response.headers.get('server-timing')).toBeNull();
  expect(Object.keys((await response.json()).extensions)).toEqual(['cost']);
});
