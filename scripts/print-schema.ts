// npm run schema: writes schema.graphql, which the frontend's tools read and a test compares.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { StartError } from '../src/errors.ts';
import { runCommand } from '../src/gateway/process/run-command.ts';

await runCommand(async () => {
  // Here, so that a schema that is not valid is one sentence too.
  const { printedSchema } = await import('../src/graphql/schema.ts');
  await writeFile(path.resolve(import.meta.dirname, '../schema.graphql'), printedSchema()).catch((error) => {
    throw new StartError(`The file schema.graphql cannot be written (${error.code}): make it writable.`);
  });
});
