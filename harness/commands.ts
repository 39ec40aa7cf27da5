// The command lines of the servers, in the folder of the project.

import { readFileSync } from 'node:fs';
import path from 'node:path';

const PACKAGE = path.resolve(import.meta.dirname, '../package.json');

/** Convoy as `npm start` starts it, with the settings of memory that it is shipped with. */
export function shippedCommand(): string[] {
  const { scripts } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { scripts: { start: string } };
  const [exec, ...command] = scripts.start.split(/\s+/);
  const node = command.indexOf('node');
  if (exec !== 'exec' || node < 0) throw new Error(`The script start is not \`exec … node …\`: ${scripts.start}`);
  return command.with(node, process.execPath);
}

/** A file of TypeScript, run by this Node or a copy of it. */
export const nodeCommand = (file: string, program = process.execPath): string[] => [program, '--disable-warning=ExperimentalWarning', file];
