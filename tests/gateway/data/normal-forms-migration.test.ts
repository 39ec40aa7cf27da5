// What the migration makes of rows that are unique and were not stored in their normal form.

import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { normalLogin, normalReference } from '../../../src/gateway/data/normal-forms.ts';
import { rowsOf } from '../../support/database.ts';
import { mutation } from '../../support/inputs.ts';
import { anApp } from '../../support/world.ts';

const MIGRATION = new URL('../../../prisma/migrations/20261130120000_normal_forms/migration.sql', import.meta.url);

/** Runs the part about data: the indexes are there already. */
async function normalize(databaseUrl: string): Promise<void> {
  const sql = await readFile(MIGRATION, 'utf8');
  await rowsOf(databaseUrl, sql.slice(sql.lastIndexOf('DO $$')));
}

test('names, emails and bill numbers are brought to their normal form; of two that become one, the second stays', async () => {
  const { ask, databaseUrl } = await anApp();
  const set = (id: number, username: string, email: string) =>
    rowsOf(databaseUrl, 'update users set username = $2, email = $3 where id = $1', [id, username, email]);
  await set(3, 'स\u095cक', 'ｍａｎ@convoy.example');
  await set(4, 'ह\u095cक\u034f', 'hr@convoy.example\u200b');
  // Equal to the third in its normal form: the username cannot be, the email address can.
  await set(5, 'स\u0921\u093cक\u3164', 'ｕser@convoy.example');
  await rowsOf(databaseUrl, `update spas set email = 'ｓｐａ@spas.example' where id = 1`);
  const [bill] = await rowsOf<{ id: number }>(databaseUrl, `select min(id) as id from certificates where bill_number is not null`);
  await rowsOf(databaseUrl, `update certificates set bill_number = 'Ｂ–１　é' where id = $1`, [bill?.id]);
  const before = await rowsOf(databaseUrl, `select count(*) from users`);

  await normalize(databaseUrl);

  expect(await rowsOf(databaseUrl, 'select id, username, email from users where id between 3 and 5 order by id')).toEqual([
    { id: 3, username: 'स\u0921\u093cक', email: 'man@convoy.example' },
    { id: 4, username: 'ह\u0921\u093cक', email: 'hr@convoy.example' },
    { id: 5, username: 'स\u0921\u093cक\u3164', email: 'user@convoy.example' },
  ]);
  expect(await rowsOf(databaseUrl, 'select email from spas where id = 1')).toEqual([{ email: 'spa@spas.example' }]);
  expect(await rowsOf(databaseUrl, 'select bill_number as bill from certificates where id = $1', [bill?.id])).toEqual([{ bill: 'B-1 é' }]);
  expect(await rowsOf(databaseUrl, `select count(*) from users`)).toEqual(before);

  for (const usernameOrEmail of ['स\u095cक', 'ह\u0921\u093cक', 'ＵＳＥＲ@convoy.example']) {
    const { data } = await ask(mutation('signIn', 'token'), { input: { usernameOrEmail, password: 'convoy-demo' } });
    expect(data?.signIn.token, usernameOrEmail).toEqual(expect.any(String));
  }
});

const characters = Array.from({ length: 0x10ffff }, (_, i) => String.fromCodePoint(i + 1));
const isIgnorable = (character = '') => /\p{Default_Ignorable_Code_Point}/u.test(character);
/** Dashes, blanks, and the ends of each range of what nobody sees. */
const ODD = characters.filter(
  (character, i) =>
    /[\p{Pd}\p{Zs}\s\u2212\u207b]/u.test(character) ||
    (isIgnorable(character) && !(isIgnorable(characters[i - 1]) && isIgnorable(characters[i + 1]))),
);

test('the migration makes the form that the gateway writes, of any dash, blank and hidden character', async () => {
  const { databaseUrl } = await anApp();
  const ids = await rowsOf<{ id: number }>(databaseUrl, `select id from certificates where bill_number is not null order by id`);
  // The bills are few: each holds every character of its share at its ends and within.
  const references = ids.slice(0, 20).map((_, share) => {
    const some = ODD.filter((_, i) => i % 20 === share);
    return `${some.join('')}${share}${some.join('x')}${some.join(' ')}\n y ${some.map((character) => character + character).join('z')}`;
  });
  const login = `${ODD.join('')}${ODD.map((character) => `x${character}${character}`).join('')}y${ODD.join('')}`;
  for (const [i, text] of references.entries())
    await rowsOf(databaseUrl, 'update certificates set bill_number = $2 where id = $1', [ids[i]?.id, text]);
  await rowsOf(databaseUrl, 'update spas set email = $1 where id = 1', [login]);

  await normalize(databaseUrl);

  const bills = await rowsOf<{ bill: string }>(databaseUrl, 'select bill_number as bill from certificates where id = any($1) order by id', [
    ids.slice(0, 20).map(({ id }) => id),
  ]);
  expect(bills.map(({ bill }) => bill)).toEqual(references.map(normalReference));
  const [spa] = await rowsOf<{ email: string }>(databaseUrl, 'select email::text from spas where id = 1');
  expect(spa?.email).toBe(normalLogin(login));
});
