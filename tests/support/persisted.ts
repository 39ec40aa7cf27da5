// What clients send for a document that is known, or about to be.

import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import type { DocumentParams } from '../../src/persisted/document-reference.ts';
import type { ManifestOperation } from '../../src/persisted/manifest.ts';
import type { PersistedDocuments } from '../../src/persisted/persisted-documents.ts';

export const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

/** The extensions of Apollo's protocol. */
export const apq = (sha256Hash: unknown, version: unknown = 1) => ({ extensions: { persistedQuery: { version, sha256Hash } } });

/** A query of so many characters, the same for the same number. */
export const documentOf = (number: number, length = 0) => `query Q${number} { me { id } }`.padEnd(length);

/** An operation as a manifest has it; `id` default its hash. */
export function operation(name: string, body = `query ${name} {\n  __typename\n}`, id = hashOf(body)): ManifestOperation {
  return { id, name, type: 'query', body };
}

/** What `resolve` throws or rejects with, by code and message. */
export async function refusalOf(documents: PersistedDocuments, params: DocumentParams) {
  try {
    await documents.resolve(params);
  } catch (error) {
    const { message, extensions } = error as { message: string; extensions: { code: ErrorCode; http: { status: number } } };
    return { code: extensions.code, status: extensions.http.status, message };
  }
  throw new Error(`It was not refused: ${JSON.stringify(params)}`);
}

/** Sends a text with its hash, and says that it proved valid: now it is known. */
export async function register(documents: PersistedDocuments, query: string) {
  const resolved = await documents.resolve({ query, ...apq(hashOf(query)) });
  expect(resolved.query).toBe(query);
  documents.accepted(resolved);
}

/** A folder that goes with the test, with these files. */
export async function aFolder(files: Record<string, string> = {}): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'convoy-persisted-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(dir, name), text);
  return dir;
}
