// Whether two servers say the same. Ids are compared by their number, types by the category that tells them, moments and
// amounts by their value; cursors are each server's own.

import { isDeepStrictEqual } from 'node:util';
import { categories } from '../../src/modules/certificate/categories.ts';
import { decodeId } from '../load/ids.ts';
import type { Answer } from '../load/prepare.ts';

const MOMENTS = ['generatedAt', 'createdAt'];
const AMOUNTS = ['salary', 'monthlySalary', 'quantity', 'rate', 'amount', 'subtotal', 'total'];
const OWN = ['cursor', 'startCursor', 'endCursor'];

/** Throws the first difference, readably. */
export function compare(server: string, answers: readonly Answer[], expected: readonly Answer[]): void {
  const places = new Map(answers.map((answer) => [answer.place, answer]));
  for (const { place, body, data } of expected) {
    const answer = places.get(place);
    if (!answer) throw new Error(`${server} has no ${place}: its list ends earlier. Convoy was asked ${body}`);
    const [left, right] = [normalised(data), normalised(answer.data)];
    if (!isDeepStrictEqual(left, right))
      throw new Error(
        `${server} does not say what Convoy says, in ${place}:\n${differences(left, right).slice(0, 12).join('\n')}\nIt was asked ${answer.body}`,
      );
  }
  if (answers.length !== expected.length) throw new Error(`${server} has ${answers.length} pages where Convoy has ${expected.length}.`);
}

function normalised(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normalised);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => !OWN.includes(key));
  const isCertificate = 'holderName' in value;
  return {
    ...Object.fromEntries(entries.map(([key, inner]) => [key, comparable(key, inner)])),
    ...(isCertificate ? { __typename: typenameOf(value) } : {}),
  };
}

function comparable(key: string, value: unknown): unknown {
  if (key === 'id') return numberOf(value);
  if (MOMENTS.includes(key)) return new Date(String(value)).getTime();
  if (AMOUNTS.includes(key) && typeof value === 'string') return Number(value);
  return normalised(value);
}

const numberOf = (id: unknown) => (typeof id === 'string' && !/^\d+$/.test(id) ? decodeId(id).id : Number(id));

function typenameOf(certificate: object): unknown {
  const { __typename, category } = certificate as { __typename?: string; category: keyof typeof categories };
  return __typename ?? categories[category]?.type;
}

function differences(left: unknown, right: unknown, path = ''): string[] {
  if (isDeepStrictEqual(left, right)) return [];
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null)
    return [`  ${path}: Convoy ${shown(left)}, here ${shown(right)}`];
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return Array.from(keys).flatMap((key) => differences(Reflect.get(left, key), Reflect.get(right, key), path ? `${path}.${key}` : key));
}

const shown = (value: unknown) => JSON.stringify(value)?.slice(0, 200) ?? 'nothing';
