import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { UsageError } from '../options.ts';

/** Of whoever called npm. */
const resolved = (file: string) => path.resolve(process.env.INIT_CWD ?? process.cwd(), file);

/** Throws UsageError where the file cannot be written: better now than after ten minutes. It becomes empty, or stays what it is. */
export async function checkWritable(file: string): Promise<void> {
  try {
    await mkdir(path.dirname(resolved(file)), { recursive: true });
    await appendFile(resolved(file), '');
  } catch (error) {
    throw new UsageError(`The file ${file} cannot be written (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/** Writes a file, below folders that may not exist yet. Paths are those of whoever called npm. */
export async function writeReport(file: string, text: string): Promise<void> {
  const target = resolved(file);
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, text);
  console.log(`\nWritten: ${path.relative(process.cwd(), target)}`);
}

export const writeJson = (file: string, figures: unknown) => writeReport(file, `${JSON.stringify(figures, null, 2)}\n`);
