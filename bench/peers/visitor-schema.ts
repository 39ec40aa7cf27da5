import { readFileSync } from 'node:fs';

const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');

/** What a visitor and an ordinary user read of Convoy's schema, in the schema definition language. */
export const typeDefs = `${read('visitor.graphql')}\n${read('visitor-certificates.graphql')}`;
