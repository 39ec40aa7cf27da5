// The command lines of the servers: what node is started with, in the folder of the project.

import { readFileSync } from 'node:fs';
import path from 'node:path';

const PACKAGE = path.resolve(import.meta.dirname, '../../package.json');

/** Convoy as `npm start` starts it, with the flags that it is shipped with. */
export function shippedCommand(): string[] {
  const { scripts } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { scripts: { start: string } };
  const [exec, program, ...command] = scripts.start.split(/\s+/);
  if (exec !== 'exec' || program !== 'node') throw new Error(`The script start is not \`exec node …\`: ${scripts.start}`);
  return command;
}

export const peerCommand = (name: string): string[] => ['--disable-warning=ExperimentalWarning', `bench/peers/${name}.ts`];
