// PostgreSQL's COPY in text format: a row a line, columns parted by tabs, \N for NULL.

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ClientBase } from 'pg';
import { from } from 'pg-copy-streams';

export type Value = string | number | boolean | null | undefined;
export type Table<Column extends string = string> = { name: string; columns: readonly Column[] };
/** A column that a row does not name is NULL, whatever the table's default. */
export type RowOf<T extends Table> = { readonly [Column in T['columns'][number]]?: Value };

const CHUNK_CHARACTERS = 64 * 1024;

/** Streams the rows into the table as they are made, no faster than the server takes them. Returns how many there were. */
export async function copyInto<T extends Table>(client: ClientBase, table: T, rows: Iterable<RowOf<T>>): Promise<number> {
  const copy = client.query(from(`copy ${table.name} (${table.columns.join(', ')}) from stdin`));
  await pipeline(Readable.from(encoded(table, rows), { highWaterMark: 4 }), copy);
  return copy.rowCount;
}

function* encoded<T extends Table>({ columns }: T, rows: Iterable<RowOf<T>>): Generator<string> {
  let chunk = '';
  for (const row of rows) {
    chunk += encodeRow(columns, row);
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

function encodeRow(columns: readonly string[], row: { readonly [column: string]: Value }): string {
  let line = '';
  for (let index = 0; index < columns.length; index++) {
    const value = row[columns[index] as string];
    if (index > 0) line += '\t';
    line += value === null || value === undefined ? '\\N' : typeof value === 'string' ? escaped(value) : String(value);
  }
  return `${line}\n`;
}

const SPECIAL = /[\\\t\n\r]/;
const ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function escaped(text: string): string {
  return SPECIAL.test(text) ? text.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character] as string) : text;
}
