import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { StartError } from '../../../src/errors.ts';
import { readEnvFile } from '../../../src/gateway/process/env-file.ts';
import { aFolder } from '../../support/persisted.ts';

async function read(content: string | Uint8Array) {
  const file = path.join(await aFolder(), '.env');
  writeFileSync(file, content);
  return readEnvFile(file);
}

test('a byte order mark and line ends of Windows change nothing', async () => {
  expect(await read('\ufeffPORT=1\r\nHOST=2\r\n\r\n# a comment\r\n')).toEqual({ PORT: '1', HOST: '2' });
});

test('a value may be quoted, be empty and hold line breaks', async () => {
  expect(await read('A="x\ny = z\n"\nexport B=it\'s\n  C = \'#\' # comment\nD=\nE=`"`')).toEqual({
    A: 'x\ny = z\n',
    B: "it's",
    C: '#',
    D: '',
    E: '"',
  });
});

test('quotes in comments quote nothing', async () => {
  expect(await read(`# Quote values with spaces, as NAME="a b\n# don't use "smart" quotes\nPORT=1`)).toEqual({ PORT: '1' });
  await expect(read(`# NAME="a\nPORT 1\n# "`)).rejects.toThrow('Line 2');
});

test.each<[string, string | Uint8Array, string]>([
  ['a line that is no assignment', 'A=1\nPORT 4000\n', 'Line 2 of the file .env is neither NAME=value nor a comment: correct it.'],
  [
    'such a line behind a value of two lines',
    'A="x\ny"\nPORT: 4000',
    'Line 3 of the file .env is neither NAME=value nor a comment: correct it.',
  ],
  [
    'a name behind a blank that cannot be seen',
    'A=1\n\u00a0PORT=2',
    'Line 2 of the file .env is neither NAME=value nor a comment: correct it.',
  ],
  ['a second byte order mark', 'A=1\n\ufeffPORT=2', 'Line 2 of the file .env is neither NAME=value nor a comment: correct it.'],
  ['UTF-16', Buffer.from('\ufeffPORT=1', 'utf16le'), 'The file .env is not text in UTF-8: save it as UTF-8.'],
  ['UTF-16 without a mark', Buffer.from('PORT=1', 'utf16le'), 'The file .env is not text in UTF-8: save it as UTF-8.'],
  ['Latin-1', Buffer.from('KEY=é', 'latin1'), 'The file .env is not text in UTF-8: save it as UTF-8.'],
])('%s is said in a sentence', async (_, content, sentence) => {
  const reading = read(content);
  await expect(reading).rejects.toThrow(StartError);
  await expect(reading).rejects.toThrow(sentence);
});

test('a file that is not there is empty, and a folder in its place is said', async () => {
  const folder = await aFolder();
  expect(readEnvFile(path.join(folder, '.env'))).toEqual({});
  expect(() => readEnvFile(folder)).toThrow('The file .env cannot be read (EISDIR): it is a folder: put a file there, or remove it.');
});
