import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Writes a file, below folders that may not exist yet. Paths are those of whoever called npm. */
export async function writeReport(file: string, text: string): Promise<void> {
  const target = path.resolve(process.env.INIT_CWD ?? process.cwd(), file);
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, text);
  console.log(`\nWritten: ${path.relative(process.cwd(), target)}`);
}

export const writeJson = (file: string, figures: unknown) => writeReport(file, `${JSON.stringify(figures, null, 2)}\n`);
