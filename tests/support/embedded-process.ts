// Opens the embedded PostgreSQL in the folder that its argument names, prints the URL, and closes when its input ends.

import { createLog } from '../../src/log.ts';
import { openEmbeddedPostgres } from '../../src/resources/embedded-postgres.ts';

const server = await openEmbeddedPostgres({ dir: process.argv[2] ?? '', mayMove: true, log: createLog({ level: 'silent' }) });
console.log(server.url);
for await (const _ of process.stdin);
await server.close();
