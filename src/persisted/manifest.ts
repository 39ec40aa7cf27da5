// The manifest of trusted documents, in the format of Apollo's tools: theirs can be used here, and one that was written here there.
// https://www.apollographql.com/docs/graphos/platform/security/persisted-queries#manifest-format

import { z } from 'zod';

const FORMAT = 'apollo-persisted-query-manifest';

/** `id`: what clients send, as a rule the SHA-256 of the body. `body`: the document's text, exactly. */
export type ManifestOperation = { id: string; name: string; type: 'query' | 'mutation' | 'subscription'; body: string };

const Manifest = z.object({
  format: z.literal(FORMAT),
  version: z.literal(1),
  operations: z.array(
    z.object({
      id: z.string().min(1),
      name: z.string().min(1),
      type: z.enum(['query', 'mutation', 'subscription']),
      body: z.string().min(1),
    }),
  ),
});

/** Reads a manifest. Throws an Error that says what is wrong, and where. */
export function parseManifest(text: string): ManifestOperation[] {
  const { success, data, error } = Manifest.safeParse(JSON.parse(text));
  if (!success) {
    const [issue] = error.issues;
    throw new Error(`${issue?.path.join('.') || 'the whole'}: ${issue?.message}`);
  }
  const bodies = new Map<string, string>();
  for (const { id, body } of data.operations) {
    if (bodies.has(id)) throw new Error(`two operations have the id ${id}`);
    bodies.set(id, body);
  }
  return data.operations;
}

/** The text of a manifest file. */
export const printManifest = (operations: readonly ManifestOperation[]) =>
  `${JSON.stringify({ format: FORMAT, version: 1, operations }, null, 2)}\n`;
