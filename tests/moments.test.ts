import { expect, test } from 'vitest';
import { rowsOf } from './support/database.ts';
import { anApp } from './support/world.ts';

const MOMENTS = [
  '2026-03-31T09:30:00.000Z',
  '2026-03-31T09:30:00.100Z',
  '2026-03-31T09:30:00.120Z',
  '2026-03-31T09:30:00.123Z',
  '2024-02-29T23:59:59.999Z',
  '1970-01-01T00:00:00.000Z',
  '1969-12-31T23:59:59.999Z',
  '1000-01-01T00:00:00.001Z',
  '0999-12-31T00:00:00.010Z',
  '0001-01-01T00:00:00.000Z',
  '9999-12-31T23:59:59.999Z',
];

test('moments come to the millisecond, for any year, whatever the zone of the server', async () => {
  const { database, databaseUrl } = await anApp({ isSeeded: false });
  await rowsOf(databaseUrl, `alter database "${new URL(databaseUrl).pathname.slice(1)}" set timezone = 'Asia/Kolkata'`);
  // At once, so that connections are opened after the change of the zone.
  const read = () => database.query<{ moment: Date }>('select unnest($1::timestamptz[]) as moment', [MOMENTS]);
  for (const rows of await Promise.all([read(), read(), read()])) expect(rows.map(({ moment }) => moment.toISOString())).toEqual(MOMENTS);
});
