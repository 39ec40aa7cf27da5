// The manifest of trusted documents. It is written in the format of Apollo's tools, and read in that and in the one of Relay's compiler
// and graphql-codegen.
// https://www.apollographql.com/docs/graphos/platform/security/persisted-queries#manifest-format
// https://relay.dev/docs/guides/persisted-queries/#local-persisted-queries
// https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#persisted-documents

import { type DefinitionNode, Kind, type OperationDefinitionNode } from 'graphql';
import { z } from 'zod';
import { parseForm } from '../gateway/operation/documents/document-forms.ts';

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

/** As Relay's compiler and graphql-codegen's client preset write it: texts by their ids, which are hashes of an algorithm of their choice. */
const Texts = z.record(z.string().min(1), z.string().min(1));

/** Reads a manifest, in Apollo's format or as an object of texts by their ids. Throws an Error that says what is wrong, and where. */
export function parseManifest(text: string): ManifestOperation[] {
  const json = JSON.parse(text.replace(/^\ufeff/, ''));
  const operations = isOfTexts(json) ? operationsOfTexts(json) : operationsOf(json);
  const bodies = new Map<string, string>();
  for (const { id, name, body } of operations) {
    if (bodies.has(id)) throw new Error(`two operations have the id ${id}`);
    bodies.set(id, body);
    readBody(body, name);
  }
  return operations;
}

const isOfTexts = (json: unknown): json is object =>
  typeof json === 'object' && json !== null && !Array.isArray(json) && !('format' in json) && Object.keys(json).length > 0;

function operationsOf(json: unknown): ManifestOperation[] {
  const { success, data, error } = Manifest.safeParse(json);
  if (success) return data.operations;
  const [issue] = error.issues;
  const place = issue?.path.join('.') || 'the whole';
  const [, index] = issue?.path ?? [];
  const entry = typeof index === 'number' ? (json as { operations: { name?: unknown; id?: unknown }[] }).operations[index] : undefined;
  const name = [entry?.name, entry?.id].find((one) => typeof one === 'string' && one !== '');
  throw new Error(`${place}${name === undefined ? '' : ` (${name})`}: ${issue?.message}`);
}

function operationsOfTexts(json: object): ManifestOperation[] {
  const { success, data, error } = Texts.safeParse(json);
  if (!success) throw new Error(`${error.issues[0]?.path.join('.')}: ${error.issues[0]?.message}`);
  return Object.entries(data).map(([id, body]) => {
    const operation = readBody(body, id);
    return { id, name: operation.name?.value ?? 'anonymous', type: operation.operation, body };
  });
}

/** The first operation of a document. `entry`: what the manifest calls it. */
function readBody(body: string, entry: string): OperationDefinitionNode {
  let definitions: readonly DefinitionNode[];
  try {
    ({ definitions } = parseForm(body));
  } catch (error) {
    throw new Error(`${entry}: ${(error as Error).message.replace(/\.$/, '')}`);
  }
  const operation = definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  if (!operation) throw new Error(`${entry}: it holds no operation`);
  return operation;
}

/** The text of a manifest file. */
export const printManifest = (operations: readonly ManifestOperation[]) =>
  `${JSON.stringify({ format: FORMAT, version: 1, operations }, null, 2)}\n`;
