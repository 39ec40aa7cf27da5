// npm run chaos: breaks the parts that a gateway stands on, under load, and says what its clients saw.

import { exitCodeOf } from '../harness/command.ts';
import { readOptions } from './options.ts';
import { runChaos } from './run.ts';
import { scenarios } from './scenarios.ts';

// What a scenario has left behind when it failed ends nothing.
process.on('unhandledRejection', () => undefined);

// Prisma's migration engine leaves a timer of ten seconds behind: an end that waited for it would be late.
process.exit(
  await exitCodeOf(async () => {
    const options = readOptions(process.argv.slice(2));
    return options === undefined || (await runChaos(scenarios, options));
  }),
);
