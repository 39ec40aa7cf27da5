// npm run load: users as the real ones are, or as many requests as go.

import { UsageError } from '../options.ts';
import { LoadError } from './load-error.ts';
import { readUsersOptions } from './options.ts';
import { runUsers } from './run-users.ts';
import { saturate } from './saturate.ts';

try {
  const options = readUsersOptions(process.argv.slice(2));
  if (options) process.exitCode = await (options.saturation ? saturate(options, options.saturation) : runUsers(options));
} catch (error) {
  console.error(error instanceof UsageError || error instanceof LoadError ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
