import { cached } from './commands/cached.ts';
import { depth } from './commands/depth.ts';
import { fairness } from './commands/fairness.ts';
import { limits } from './commands/limits.ts';
import { memory } from './commands/memory.ts';
import { queries } from './commands/queries.ts';
import { run } from './commands/run.ts';
import { readOptions, UsageError } from './options.ts';

const COMMANDS = { run, cached, depth, memory, queries, limits, fairness };

try {
  const options = readOptions(process.argv.slice(2));
  if (options) await COMMANDS[options.command](options);
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = 1;
}
