// Moments as texts: what may stand in a cursor is what PostgreSQL can read, and what it writes is read again.

import { expect, test } from 'vitest';
import { isMomentText, Moment, momentText, parseMoment } from '../../../../src/gateway/data/postgres/moments.ts';
import { createRandom } from '../../../support/batching.ts';
import { someThings } from '../../../support/things.ts';

test('every moment that is written is read again, and whatever a cursor may hold PostgreSQL can read', async () => {
  const { database } = await someThings('create table things (id int)', []);
  const { below: upTo, pick } = createRandom(7);
  const digits = (count: number) => String(upTo(10 ** count)).padStart(count, '0');
  const texts = Array.from({ length: 4000 }, () => {
    const year = pick([digits(4), digits(4), `29427${upTo(10)}`, digits(5), '4714', '4713', '0000', '2024', '1900', '5874898']);
    const day = pick([`${digits(2)}-${digits(2)}`, '02-29', '11-24', '11-23', '12-31']);
    const time = pick(['', ` ${digits(2)}:${digits(2)}:${digits(2)}`, ' 23:59:59.999999', ' 24:00:00', `T09:30:00.${digits(3)}Z`]);
    return `${year}-${day}${time}${pick(['', '+00'])}${pick(['', '', ' BC'])}`;
  });
  for (const [kind, type] of [
    ['moment', 'timestamptz'],
    ['moment', 'timestamp'],
    ['day', 'date'],
  ] as const) {
    const accepted = [...texts, '-infinity', 'infinity', '0044-03-15 12:00:00+00 BC'].filter((text) => isMomentText(text, kind));
    expect(accepted.length).toBeGreaterThan(100);
    const rows = await database.query<{ at: Date }>(`select unnest($1::${type}[]) as at`, [accepted]);
    const again = await database.query<{ isSame: boolean }>(`select unnest($1::${type}[]) = unnest($2::${type}[]) as "isSame"`, [
      accepted,
      rows.map(({ at }) => at),
    ]);
    expect(again.filter(({ isSame }) => !isSame)).toEqual([]);
    for (const { at } of rows) expect(isMomentText(momentText(at), kind)).toBe(true);
  }
});

test('what is no moment is not read as one', () => {
  for (const text of ['31.03.2026 09:30:00 UTC', 'Tue Mar 31 2026', '2026-03-31 15:00:00+05:30', ''])
    expect(() => parseMoment(text)).toThrow('cannot be read');
  expect(() => momentText(new Date(Number.NaN))).toThrow(RangeError);
  expect(parseMoment('infinity')).toBeInstanceOf(Moment);
  expect(momentText(new Date(Date.UTC(12026, 0, 1)))).toBe('12026-01-01T00:00:00.000Z');
});
