// npm run schema: writes schema.graphql, which the frontend's tools read and a test compares.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { printedSchema } from '../src/graphql/schema.ts';

await writeFile(path.resolve(import.meta.dirname, '../schema.graphql'), printedSchema());
