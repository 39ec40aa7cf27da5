// npm run audit: starts gateways, attacks them over HTTP, and says of each thing that must hold whether it does.

import { exitCodeOf } from '../harness/command.ts';
import { concerns } from './concerns.ts';
import { readOptions } from './options.ts';
import { runAudit } from './run.ts';

// What a check has left behind when it failed ends nothing.
process.on('unhandledRejection', () => undefined);

// Prisma's migration engine leaves a timer of ten seconds behind: an end that waited for it would be late.
process.exit(
  await exitCodeOf(async () => {
    const options = readOptions(process.argv.slice(2));
    return options === undefined || (await runAudit(concerns, options));
  }),
);
