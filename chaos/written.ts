// Whether what was written is there: each acknowledged write exactly once, each other at most once.

import type { Write } from './traffic.ts';

/** Something that runs a statement on the database that the gateways write to. */
export type Rows = <T extends object>(text: string, values?: unknown[]) => Promise<T[]>;

const FOUND = `select holder_name as marker from certificates where holder_name like $1 || '-%'
  union all select current_address from candidate_forms where current_address like $1 || '-%'`;

/** The markers in the database that begin with a name, each as often as it is there. */
export const findMarkers = async (rows: Rows, name: string): Promise<string[]> =>
  (await rows<{ marker: string }>(FOUND, [name])).map(({ marker }) => marker);

/** `found`: the markers in the database. */
export function compareWrites(writes: readonly Write[], found: readonly string[]): { problems: string[]; words: string } {
  const counts = new Map<string, number>();
  for (const marker of found) counts.set(marker, (counts.get(marker) ?? 0) + 1);
  const timesThere = ({ marker }: Write) => counts.get(marker) ?? 0;
  const acknowledged = writes.filter(({ isAcknowledged }) => isAcknowledged);
  const others = writes.filter(({ isAcknowledged }) => !isAcknowledged);
  const lost = acknowledged.filter((write) => timesThere(write) === 0);
  const repeated = writes.filter((write) => timesThere(write) > 1);
  const known = new Set(writes.map(({ marker }) => marker));
  const foreign = found.filter((marker) => !known.has(marker));
  const name = ([first, ...rest]: string[]) => `${first}${rest.length > 0 ? ` and ${rest.length} more` : ''}`;
  return {
    problems: [
      ...(acknowledged.length === 0 ? ['no write was acknowledged'] : []),
      ...(lost.length > 0 ? [`acknowledged and not there: ${name(lost.map(({ marker }) => marker))}`] : []),
      ...(repeated.length > 0 ? [`there more than once: ${name(repeated.map(({ marker }) => marker))}`] : []),
      ...(foreign.length > 0 ? [`there, and sent by nobody: ${name(foreign)}`] : []),
    ],
    words: [
      `${acknowledged.length} writes acknowledged, ${acknowledged.length - lost.length} there`,
      ...(others.length > 0 ? [`${others.length} not, ${others.filter((write) => timesThere(write) > 0).length} of them there`] : []),
    ].join('; '),
  };
}
