import { decodeBase64 } from '@pothos/core';
import { z } from 'zod';
import { isNodeType } from './node-types.ts';

const MAX_INT4 = 2 ** 31 - 1;

export const encodeId = (typename: string, id: number) => btoa(`${typename}:${id}`);

function decodeId(id: string): { typename: string; id: number } | undefined {
  let decoded: string;
  try {
    decoded = decodeBase64(id);
  } catch {
    return undefined;
  }
  const match = /^(\w+):([1-9]\d{0,9})$/.exec(decoded);
  const [, typename, digits] = match ?? [];
  if (!typename || Number(digits) > MAX_INT4 || !isNodeType(typename)) return undefined;
  return { typename, id: Number(digits) };
}

/** An id of any type, decoded. */
export const anyId = z.string().transform((value, check) => {
  const decoded = decodeId(value);
  if (decoded) return decoded;
  check.addIssue('This is not an id that the gateway gave.');
  return z.NEVER;
});

/** An id of a type, decoded to its number: `t.arg.id({ required: true }).validate(idOf('Spa'))`. */
export const idOf = (expected: string) =>
  anyId.transform(({ typename, id }, check) => {
    if (typename === expected) return id;
    check.addIssue(`This is the id of a ${typename}, not of a ${expected}.`);
    return z.NEVER;
  });
