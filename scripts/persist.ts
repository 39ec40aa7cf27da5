// npm run persist -- FOLDER [FOLDER…] [--output FILE] [--check]: writes the manifest of trusted documents from the .graphql and .gql
// files of a frontend, or checks that the one there is up to date, for CI. What its bodies are made of: see gatherOperations.

import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { StartError } from '../src/errors.ts';
import { readText } from '../src/gateway/process/env-file.ts';
import { runCommand } from '../src/gateway/process/run-command.ts';
import { gatherOperations } from '../src/persisted/gather-operations.ts';
import { type ManifestOperation, parseManifest, printManifest } from '../src/persisted/manifest.ts';

const USAGE = 'npm run persist -- FOLDER [FOLDER…] [--output FILE] [--check]';
const DEFAULT_OUTPUT = path.resolve(import.meta.dirname, '../trusted-documents.json');

await runCommand(async () => {
  const { folders, output, isCheck } = readArguments();
  const operations = await gather(folders);
  if (isCheck) await check(output, operations, folders);
  else await write(output, operations);
});

function readArguments(): { folders: string[]; output: string; isCheck: boolean } {
  try {
    const { positionals: folders, values } = parseArgs({
      allowPositionals: true,
      options: { output: { type: 'string', default: DEFAULT_OUTPUT }, check: { type: 'boolean', default: false } },
    });
    if (folders.length > 0 && !folders.includes('') && values.output !== '')
      return { folders, output: values.output, isCheck: values.check };
  } catch {
    // An option that does not exist, or lacks its value: the usage says which do.
  }
  throw new StartError(`The manifest needs a folder with the frontend's documents; the usage is: ${USAGE}`);
}

async function gather(folders: string[]): Promise<ManifestOperation[]> {
  // A folder may lie within another one.
  const files = new Set((await Promise.all(folders.map(documentFiles))).flat());
  const texts = [...files].sort().map((file) => ({ name: shown(file), text: readText(file, `The file ${shown(file)}`) ?? '' }));
  const { schema } = await import('../src/graphql/schema.ts');
  const { operations, problems } = gatherOperations(texts, schema);
  if (problems.length > 0) throw new StartError([...problems, 'Correct this: nothing was written.'].join('\n'));
  if (operations.length === 0) throw new StartError(`There is no operation in the .graphql and .gql files of ${folders.join(', ')}.`);
  return operations;
}

/** Without what is hidden or installed: dependencies bring documents of their own. */
async function documentFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error) => {
    throw new StartError(`The folder ${folder} cannot be read (${error.code}); the usage is: ${USAGE}`);
  });
  const found = entries.map((entry) => {
    const file = path.resolve(folder, entry.name);
    if (entry.isDirectory()) return entry.name.startsWith('.') || entry.name === 'node_modules' ? [] : documentFiles(file);
    return /\.(graphql|gql)$/.test(entry.name) ? [file] : [];
  });
  return (await Promise.all(found)).flat();
}

async function write(output: string, operations: ManifestOperation[]): Promise<void> {
  await writeFile(output, printManifest(operations)).catch((error) => {
    throw new StartError(`The file ${output} cannot be written (${error.code}): name another one with --output.`);
  });
  const width = Math.max(...operations.map(({ name }) => name.length));
  for (const { name, type, id } of operations) console.log(`${name.padEnd(width)}  ${type.padEnd(12)}  ${id.slice(0, 12)}`);
  console.log(`Wrote ${operations.length} ${operations.length === 1 ? 'operation' : 'operations'} to ${shown(output)}.`);
}

async function check(output: string, operations: ManifestOperation[], folders: string[]): Promise<void> {
  const text = await readFile(output, 'utf8').catch(() => undefined);
  if (text === printManifest(operations)) return console.log(`${shown(output)} is up to date.`);
  const option = output === DEFAULT_OUTPUT ? '' : ` --output ${output}`;
  const advice = `write it with \`npm run persist -- ${folders.join(' ')}${option}\`.`;
  throw new StartError(
    [...(text === undefined ? [] : differences(text, operations)), `${shown(output)} is not up to date: ${advice}`].join('\n'),
  );
}

/** What would be written otherwise than it is there, a line for each operation. */
function differences(text: string, operations: ManifestOperation[]): string[] {
  try {
    const before = new Map(parseManifest(text).map(({ name, id }) => [name, id]));
    const after = new Map(operations.map(({ name, id }) => [name, id]));
    const names = [...new Set([...before.keys(), ...after.keys()])].sort();
    return names
      .filter((name) => before.get(name) !== after.get(name))
      .map((name) => `${name}: ${before.has(name) ? (after.has(name) ? 'is different now' : 'is gone') : 'is new'}`);
  } catch {
    return [];
  }
}

/** As it is seen from here, where it lies below. */
function shown(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith('..') ? path.resolve(file) : relative;
}
