import { readFile } from 'node:fs/promises';
import { StartError } from '../errors.ts';
import { createSharedDocumentStore, type SharedDocuments } from '../gateway/operation/documents/shared-document-store.ts';
import type { Log } from '../log.ts';
import { documentHash } from '../persisted/document-hash.ts';
import { parseManifest } from '../persisted/manifest.ts';
import { createMemoryDocumentStore } from '../persisted/memory-document-store.ts';
import { createPersistedDocuments } from '../persisted/persisted-documents.ts';
import { createRedisDocumentStore } from '../persisted/redis-document-store.ts';
import { createTrustedDocuments } from '../persisted/trusted-documents.ts';
import { openRedisCommands } from './redis-commands.ts';

/** off: there is no manifest; allow: its documents may be named, all others are run as ever; only: nothing else is run. */
export type TrustedDocumentsMode = 'off' | 'allow' | 'only';

export type PersistedOptions = {
  /** Where the manifest is; not read when the mode is off. */
  manifestFile: string;
  mode: TrustedDocumentsMode;
  /** Whether clients may register documents, as automatic persisted queries; not when the mode is only. */
  apq: boolean;
  /** Where gateways share one Redis; undefined keeps documents in memory. */
  redisUrl: string | undefined;
  /** The documents of the workers of this machine, where no Redis holds them for all machines; undefined for those of this process alone. */
  shared?: SharedDocuments;
  /** What documents of clients may take in the memory of this process, in bytes. */
  maxBytes: number;
};

/** Longer than any answer of a Redis that is well: who asks has their text sent instead. */
const COMMAND_TIMEOUT_MS = 250;

/** Opens what documents are known by their hashes. Throws StartError for a manifest that cannot be used, and where Redis does not answer. */
export async function openPersistedDocuments({ manifestFile, mode, apq, redisUrl, shared, maxBytes }: PersistedOptions, log: Log) {
  const manifest = mode === 'off' ? undefined : await readManifest(manifestFile);
  const trusted = manifest && createTrustedDocuments(manifest);
  const onlyTrusted = mode === 'only';
  const takesTexts = apq && !onlyTrusted;
  const redis =
    takesTexts && redisUrl !== undefined ? await openRedisCommands(redisUrl, { commandTimeoutMs: COMMAND_TIMEOUT_MS }) : undefined;
  const openStore = () => {
    if (redis) return createRedisDocumentStore(redis, { prefix: 'convoy:', maxBytes }, log);
    return shared ? createSharedDocumentStore(shared, { maxBytes }) : createMemoryDocumentStore({ maxBytes });
  };
  return {
    documents: createPersistedDocuments({ trusted, onlyTrusted, store: takesTexts ? openStore() : undefined }),
    /** Differs where a manifest's id may stand for another document. */
    version: manifest ? documentHash(JSON.stringify(manifest)) : '',
    close: async () => redis?.disconnect(),
  };
}

async function readManifest(file: string) {
  const advice = 'write it with `npm run persist -- FOLDER`, or set TRUSTED_DOCUMENTS=off.';
  const text = await readFile(file, 'utf8').catch((error) => {
    throw new StartError(`The manifest of trusted documents ${file} cannot be read (${error.code}): ${advice}`);
  });
  try {
    return parseManifest(text);
  } catch (error) {
    throw new StartError(`The file ${file} is no manifest of trusted documents (${(error as Error).message}): ${advice}`);
  }
}
