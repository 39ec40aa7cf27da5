// Documents that clients register with one worker of a machine are known to all of them, without Redis.

import { expect, onTestFinished, test, vi } from 'vitest';
import { createSharedDocumentStore } from '../../../../src/gateway/operation/documents/shared-document-store.ts';
import { createMemoryDocumentStore } from '../../../../src/persisted/memory-document-store.ts';
import { aClient, aFleet, eventually, kill } from '../../../support/fleet.ts';
import { documentOf, hashOf } from '../../../support/persisted.ts';
import { times } from '../../../support/protection.ts';

/** A GET that names a document, and, to register it, carries its text. */
function pathOf(hash: string, text?: string): string {
  const extensions = JSON.stringify({ persistedQuery: { version: 1, sha256Hash: hash } });
  return `/graphql?${new URLSearchParams({ extensions, ...(text === undefined ? {} : { query: text }) })}`;
}

test('a document that is registered with one worker is found by all, and by one that takes the place of another', {
  timeout: 90_000,
}, async () => {
  const { port, workers, child } = await aFleet({ MAX_WORKERS: '3', DATABASE_CONNECTIONS: '30', RESPONSE_CACHE: 'false' });
  const clients = times(9, () => aClient(port));
  // Each has its connection, three on each worker.
  for (const client of clients) await client.ask('{ __typename }');
  const [writer] = clients;
  const texts = times(20, (i) => `query Q${i} { spas(first: ${i + 1}) { nodes { id name } } }`);
  for (const text of texts) {
    const hash = hashOf(text);
    expect((await writer?.get(pathOf(hash)))?.body).toContain('PERSISTED_QUERY_NOT_FOUND');
    expect((await writer?.get(pathOf(hash, text)))?.status).toBe(200);
    const answers = await Promise.all(clients.map((client) => client.get(pathOf(hash))));
    expect(answers.filter(({ status, body }) => status !== 200 || body.includes('errors'))).toEqual([]);
  }

  const before = workers();
  kill(before[0] as number, 'SIGKILL');
  await eventually(() => workers().length === 3 && !workers().includes(before[0] as number), 'another has taken its place');
  const fresh = times(9, () => aClient(port));
  for (const client of fresh) await client.ask('{ __typename }');
  for (const text of texts)
    for (const { body } of await Promise.all(fresh.map((client) => client.get(pathOf(hashOf(text)))))) expect(body).toContain('"data"');

  // Without an answer of the primary, what a worker does not know is not found, and is run with its text all the same.
  child.kill('SIGSTOP');
  const unknown = '{ spas(first: 50) { nodes { id } } }';
  const [first] = fresh;
  expect((await first?.get(pathOf(hashOf(texts[0] as string))))?.body).toContain('"data"');
  expect((await first?.get(pathOf(hashOf(unknown))))?.body).toContain('PERSISTED_QUERY_NOT_FOUND');
  expect((await first?.get(pathOf(hashOf(unknown), unknown)))?.status).toBe(200);
  child.kill('SIGCONT');
  // It is used again where it is known, and then known to all.
  await eventually(async () => {
    const answers = await Promise.all(fresh.map((client) => client.get(pathOf(hashOf(unknown)))));
    return answers.every(({ body }) => body.includes('"data"'));
  }, 'all know it');
});

/** A store of another process, which counts what it is asked. */
function aSharedStore() {
  const memory = createMemoryDocumentStore();
  const asked = { find: 0, keep: 0 };
  let isAnswering = true;
  const answer = async <T>(name: 'find' | 'keep', value: () => T): Promise<T> => {
    asked[name]++;
    if (!isAnswering) throw new Error('The other process has not answered.');
    return value();
  };
  return {
    asked,
    memory,
    answers: (is: boolean) => {
      isAnswering = is;
    },
    find: (hash: string) => answer('find', () => memory.get(hash)),
    keep: (hash: string, text: string) => answer('keep', () => memory.set(hash, text)),
  };
}

test('a known document costs no question, many who ask for another one ask once, and a text that is not the hash’s is not taken', async () => {
  const shared = aSharedStore();
  const [here, there] = [createSharedDocumentStore(shared), createSharedDocumentStore(shared)];
  const [text, hash] = [documentOf(1), hashOf(documentOf(1))];
  await Promise.all(times(10, () => here.set(hash, text)));
  expect(here.get(hash)).toBe(text);
  expect(shared.asked).toEqual({ find: 0, keep: 1 });
  expect(await Promise.all(times(10, () => there.get(hash)))).toEqual(times(10, () => text));
  expect(there.get(hash)).toBe(text);
  expect(shared.asked).toEqual({ find: 1, keep: 1 });
  shared.memory.set(hashOf('asked'), 'another text');
  expect(await here.get(hashOf('asked'))).toBeUndefined();
});

test('a document that is registered again is sent again, once a second: the other process may have lost it', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const shared = aSharedStore();
  const store = createSharedDocumentStore(shared);
  const [text, hash] = [documentOf(1), hashOf(documentOf(1))];
  for (let i = 0; i < 3; i++) await store.set(hash, text);
  expect(shared.asked.keep).toBe(1);
  vi.advanceTimersByTime(1001);
  await store.set(hash, text);
  store.get(hash);
  expect(shared.asked).toEqual({ find: 0, keep: 2 });
});

test('a document that is in use comes back where it was evicted, and one that could not be sent is sent when it is used', async () => {
  const shared = aSharedStore();
  const store = createSharedDocumentStore(shared, { againMs: 0 });
  const [text, hash] = [documentOf(1), hashOf(documentOf(1))];
  shared.answers(false);
  await store.set(hash, text);
  expect(await store.get(hashOf(documentOf(2)))).toBeUndefined();
  expect(shared.memory.get(hash)).toBeUndefined();
  shared.answers(true);
  expect(store.get(hash)).toBe(text);
  await expect.poll(() => shared.memory.get(hash)).toBe(text);
});
