// How long somebody has worked: the rule of Luxon's `diff`, both days included.

import { DateTime } from 'luxon';
import { expect, test } from 'vitest';
import { durationBetween } from '../../../../src/modules/certificate/dates.ts';
import { mutation, toIssue } from '../../../support/inputs.ts';
import { anApp } from '../../../support/world.ts';

const dayOf = (date: DateTime) => date.toJSDate();
const day = (text: string) => new Date(`${text}T00:00:00Z`);

/** What a duration says: `1 year 2 months 3 days`, each where it is not zero. */
function read(words: string) {
  const [, years = '0', months = '0', days = '0'] = /^(?:(\d+) years?)? ?(?:(\d+) months?)? ?(?:(\d+) days?)?$/.exec(words) ?? [];
  return { years: Number(years), months: Number(months), days: Number(days) };
}

test('a duration counts whole months to the last day of a shorter one', async () => {
  const { ask } = await anApp();
  const durations = [
    ['2023-01-31', '2023-02-26', '27 days'],
    ['2023-01-31', '2023-02-27', '1 month'],
    ['2023-01-31', '2023-02-28', '1 month 1 day'],
    ['2024-02-29', '2025-02-27', '1 year'],
    ['2024-02-29', '2025-02-28', '1 year 1 day'],
    ['2024-02-29', '2028-02-28', '4 years'],
    ['2024-02-01', '2024-02-29', '1 month'],
  ];
  for (const [joiningDate, endDate, duration] of durations) {
    const input = toIssue('EXPERIENCE_LETTER', { details: { experienceLetter: { position: 'Therapist', joiningDate, endDate } } });
    const { data } = await ask(
      mutation('issueCertificate', 'certificate { ... on ExperienceLetter { duration } }'),
      { input },
      { as: 'ADMIN' },
    );
    expect([joiningDate, endDate, data.issueCertificate.certificate.duration]).toEqual([joiningDate, endDate, duration]);
  }
});

/** The days before the 28th are alike in all months. Whole months from one of these days end on one of these, or the day before. */
const isAtTurn = ({ day }: DateTime, first = 28) => day === 1 || day >= first;

test('over four years, a later end is never a shorter duration, and no number of whole months is left out', () => {
  let start = DateTime.utc(2023, 1, 1);
  for (; start.year < 2027; start = start.plus({ days: 1 })) {
    if (!isAtTurn(start)) continue;
    const seen = new Set<number>();
    let before = { months: 0, days: 0 };
    for (let length = 0; length < 800; length++) {
      if (!isAtTurn(start.plus({ days: length }), 27)) continue;
      const { years, months, days } = read(durationBetween(dayOf(start), new Date(start.toMillis() + length * 86_400_000)));
      const now = { months: years * 12 + months, days };
      const isLater = now.months > before.months || (now.months === before.months && now.days > before.days);
      if (!isLater || months > 11 || days > 31) expect.unreachable(`${start.toISODate()} + ${length}: ${JSON.stringify({ before, now })}`);
      if (days === 0) seen.add(now.months);
      before = now;
    }
    if (seen.size !== before.months) expect.unreachable(`${start.toISODate()}: ${[...seen]} of ${before.months} months`);
  }
  expect(start.toISODate()).toBe('2027-01-01');
});

test('the first day and the duration are the day behind the last', () => {
  for (let start = DateTime.utc(2023, 1, 1); start.year < 2027; start = start.plus({ days: 7 })) {
    for (let length = 0; length < 800; length += 11) {
      const end = start.plus({ days: length });
      const { years, months, days } = read(durationBetween(dayOf(start), dayOf(end)));
      const reached = start.plus({ years, months }).plus({ days });
      if (+reached !== +end.plus({ days: 1 })) expect.unreachable(`${start.toISODate()} to ${end.toISODate()}`);
    }
  }
  expect(durationBetween(day('2024-02-29'), day('2024-02-29'))).toBe('1 day');
});
