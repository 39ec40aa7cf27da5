import { expect } from 'vitest';
import type { ResponseStore } from '../../src/response-cache/store.ts';

export const response = (body = '{"data":{}}', { expiresAt = Date.now() + 60_000 } = {}) => ({
  body: Buffer.from(body),
  etag: `"${body.length}"`,
  expiresAt,
});

/** The moment of a lookup that finds nothing. */
export async function momentOf(store: ResponseStore, key: string): Promise<number> {
  const lookup = await store.get(key);
  if (lookup.found) throw new Error(`${key} is there.`);
  return lookup.moment;
}

/** The body that is kept under a key. */
export const bodyOf = async (store: ResponseStore, key: string) => (await store.get(key)).found?.body.toString();

/** Looks up, finds nothing, and keeps. */
export async function keep(store: ResponseStore, key: string, tags: string[], body?: string) {
  expect(await store.set(key, response(body), tags, await momentOf(store, key))).toBe(true);
}
