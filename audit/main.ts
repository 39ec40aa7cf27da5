// npm run audit: starts gateways, attacks them over HTTP, and says of each thing that must hold whether it does.

import { concerns } from './concerns.ts';
import { readOptions, UsageError } from './options.ts';
import { runAudit } from './run.ts';

// What a check has left behind when it failed ends nothing.
process.on('unhandledRejection', () => undefined);

// Prisma's migration engine leaves a timer of ten seconds behind: an end that waited for it would be late.
process.exit(await main());

async function main(): Promise<number> {
  try {
    const options = readOptions(process.argv.slice(2));
    return options === undefined || (await runAudit(concerns, options)) ? 0 : 1;
  } catch (error) {
    console.error(error instanceof UsageError ? error.message : error);
    return error instanceof UsageError ? 2 : 1;
  }
}
