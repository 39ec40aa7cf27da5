// The form that values have on their way out of PostgreSQL and into it: Prisma's shapes, whatever the zone of the machine.

import pg from 'pg';
import { momentText, parseMoment } from './moments.ts';

type Parser = (text: string) => unknown;

const { builtins, arrayParser } = pg.types as typeof pg.types & {
  arrayParser: { create(text: string, parse: Parser): { parse(): unknown[] } };
};

/** Of these builtins, node-postgres knows no arrays' names: https://github.com/postgres/postgres/blob/REL_18_STABLE/src/include/catalog/pg_type.dat */
const ARRAYS = {
  [builtins.DATE]: 1182,
  [builtins.TIMESTAMP]: 1115,
  [builtins.TIMESTAMPTZ]: 1185,
  [builtins.NUMERIC]: 1231,
  [builtins.INT8]: 1016,
};

/** How the values of a result are read. `decimal`: makes a Decimal of a text. */
export function createRowTypes(decimal: (text: string) => unknown): pg.CustomTypesConfig {
  const parsers = new Map<number, Parser>([
    [builtins.DATE, parseMoment],
    [builtins.TIMESTAMP, parseMoment],
    [builtins.TIMESTAMPTZ, parseMoment],
    [builtins.NUMERIC, decimal],
    [builtins.INT8, BigInt],
  ]);
  for (const [type, parse] of [...parsers]) {
    const array = ARRAYS[type];
    if (array !== undefined) parsers.set(array, (text) => arrayParser.create(text, parse).parse());
  }
  return {
    getTypeParser: (id: number, format?: 'text' | 'binary') => parsers.get(id) ?? pg.types.getTypeParser(id, format ?? 'text'),
  };
}

/**
 * Parameters as PostgreSQL reads them. node-postgres would write a Date in the zone of the machine, so that west of UTC a day becomes
 * the one before, and a Decimal as JSON, in quotes. The values of an array are of one kind.
 */
export function parametersOf(values: readonly unknown[]): unknown[] {
  return values.map((value) => {
    if (Array.isArray(value)) return needsEncoding(value.find((one) => one !== null)) ? value.map(encode) : value;
    return needsEncoding(value) ? encode(value) : value;
  });
}

const needsEncoding = (value: unknown) => value instanceof Date || typeof value === 'bigint' || isDecimal(value);

const encode = (value: unknown) =>
  value instanceof Date ? momentText(value) : typeof value === 'bigint' || isDecimal(value) ? String(value) : value;

/** By the name that decimal.js gives its objects: an application may bring a copy of its own. */
const isDecimal = (value: unknown) => typeof value === 'object' && value !== null && Reflect.get(value, Symbol.toStringTag) === 'Decimal';
