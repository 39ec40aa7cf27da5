import { expect, test } from 'vitest';
import {
  normalLine,
  normalLogin,
  normalPhone,
  normalReference,
  normalSecret,
  normalText,
  phoneWordSql,
  searchForm,
  searchFormSql,
  searchFormWithPhones,
} from '../../../src/gateway/data/normal-forms.ts';
import { cpuTimer } from '../../support/cpu-time.ts';
import { createDatabase, rowsOf } from '../../support/database.ts';
import { SCRIPTS, spellingsOf, wordIn } from '../../support/spellings.ts';

const FORMS = { normalText, normalLine, normalLogin, normalReference, normalPhone, normalSecret, searchForm, searchFormWithPhones };
/** Those in which letters of another width are the same letters. */
const COMPATIBLE = { normalLogin, normalReference, normalPhone, searchForm, searchFormWithPhones };
const words = SCRIPTS.flatMap((script) => Array.from({ length: 40 }, (_, i) => wordIn(script, i)));
const formsOf = (text: string, form: (text: string) => string) => new Set(spellingsOf(text).map(form));

test('a form of a form is the same form', () => {
  const characters = Array.from({ length: 0x3100 }, (_, code) => `a${String.fromCodePoint(code)}\u0301 x`);
  for (const text of [...words, ...characters, '\ud800', '  a \u00a0 b ', '½ ™ ﬁ', '\u3164\u3164'])
    for (const [name, form] of Object.entries(FORMS)) expect(form(form(text)), `${name} of ${JSON.stringify(text)}`).toBe(form(text));
});

test('a word composed and decomposed is one word in every form', () => {
  for (const word of words)
    for (const [name, form] of Object.entries(FORMS))
      expect(new Set([word, word.normalize('NFC'), word.normalize('NFD')].map(form)).size, `${name} of ${word}`).toBe(1);
});

test('a word in full and half width is one word where it is looked for', () => {
  for (const word of words)
    for (const [name, form] of Object.entries(COMPATIBLE)) expect(formsOf(word, form).size, `${name} of ${word}`).toBe(1);
});

test('blanks are one space in a line, and stay in free text', () => {
  expect(normalLine('\u00a0New\u00a0\u3000 \tDelhi ')).toBe('New Delhi');
  expect(normalText(' two  blanks\n a line ')).toBe('two  blanks\n a line');
});

test('joiners stay in what is written, and count for nothing where it is looked for', () => {
  const [joined, plain] = ['क्\u200dष', 'क्ष'];
  expect([normalLine(joined), normalText(joined)]).toEqual([joined, joined]);
  expect(searchForm(joined)).toBe(searchForm(plain));
  expect(normalLogin(joined)).toBe(normalLogin(plain));
});

test('what cannot be seen makes no other username', () => {
  for (const hidden of ['\u00ad', '\u034f', '\u115f', '\u200b', '\u2060', '\u3164', '\ufe0f', '\ufeff', '\uffa0', '\u{e0061}'])
    expect(normalLogin(`ad${hidden}min`), JSON.stringify(hidden)).toBe('admin');
});

test('free text is not changed into other text', () => {
  for (const text of ['10½ Lake Road', 'Spa™', 'ﬁve m²', '№ 5']) expect([normalText(text), normalLine(text)]).toEqual([text, text]);
});

test('a number that is read from paper is one number, whatever dashes, blanks and width it is typed with', () => {
  for (const typed of ['INV-2026-7', 'INV–2026—7', 'ＩＮＶ−２０２６－７', ' INV\u20112026\u20107 ', 'INV-\u200b2026-7'])
    expect(normalReference(typed)).toBe('INV-2026-7');
});

test('a phone number is its digits, with a plus where it has one', () => {
  for (const typed of [
    '84404-59700',
    '(84404) 59700',
    '84404.59700',
    '８４４０４　５９７００',
    '\u202a84404‑59700\u202c',
    '84404 – 597 00',
  ])
    expect(normalPhone(typed)).toBe('8440459700');
  expect(normalPhone('+91 (84404) 59700')).toBe('+918440459700');
});

test('phone numbers among words are searched as their digits', () => {
  const forms = {
    '84404-59700': '8440459700',
    '(84404) 59700': '8440459700',
    '84404-': '84404',
    'Asha Rao (84404) 59700': 'Asha Rao 8440459700',
    '+91 84404': '+9184404',
    'Anne-Marie D. (Goa)': 'Anne-Marie D. (Goa)',
    'Asha\u00a0 Rao': 'Asha Rao',
  };
  for (const [typed, form] of Object.entries(forms)) expect(searchFormWithPhones(typed)).toBe(form);
});

test('the time that a search form takes grows with the length of the text alone', () => {
  for (const part of ['(', ' ', '+', '+(', '( ', '1', '1(', '-', '\u3000']) {
    const text = part.repeat(200_000 / part.length);
    const workedMs = cpuTimer();
    searchFormWithPhones(`${text}x`);
    // A form that tries each part again from each other takes ten seconds and more.
    expect(workedMs(), JSON.stringify(part)).toBeLessThan(2000);
  }
});

/** Of each letter, mark, sign and blank that is not one of thousands that are alike. */
const characters = Array.from({ length: 0x10ffff }, (_, i) => String.fromCodePoint(i + 1)).filter(
  (character) => !/[\p{Cn}\p{Co}\p{Cs}\p{Unified_Ideograph}\p{Script=Hangul}\p{Script=Tangut}]/u.test(character),
);

test('PostgreSQL makes the same search form of what is stored, whoever wrote it', async () => {
  const { url, drop } = await createDatabase();
  const texts = [
    ...words,
    ...words.flatMap(spellingsOf),
    ...['New  Delhi', ' New\u00a0\tDelhi\n', '\ufeff \u2028 a', 'e\u200d\u0301', 'क\u200c\u093c', 'a\u1680\u200d\t b', 'a \n b', '\u200d'],
    ...['\u202a+919876543210\u202c', 'SPT–2026−0003996', 'Zero\u200bWidth', 'a\u2011b\ufe58c'],
    ...characters.map((character) => `${character}${character} a\u200d${character}\u200c\u0301 ${character}\t${character}b ${character}`),
  ];
  // What a later Unicode has is no character to an older server.
  const rows = await rowsOf<{ text: string; form: string }>(
    url,
    `select text, ${searchFormSql('text')} as form from unnest($1::text[]) as text where unicode_assigned(text)`,
    [texts],
  );
  await drop();
  expect(rows.length).toBeGreaterThan(35_000);
  expect(rows.filter(({ text, form }) => form !== searchForm(text))).toEqual([]);
});

test('PostgreSQL takes the same from between the digits of a stored phone number', async () => {
  const { url, drop } = await createDatabase();
  const texts = characters.filter((character) => /[\s().\p{Pd}\u2212]/u.test(character.normalize('NFKC')));
  const phones = texts
    .filter((character) => character.normalize('NFKC').length === 1)
    .map((character) => `+91${character} 84${character}4`);
  const rows = await rowsOf<{ text: string; form: string }>(
    url,
    `select text, ${searchFormSql(phoneWordSql('text'))} as form from unnest($1::text[]) as text`,
    [[...phones, '+91 84-4', '+91\u200d844']],
  );
  await drop();
  expect(rows.length).toBeGreaterThan(40);
  expect(rows.map(({ text, form }) => [text, form])).toEqual(rows.map(({ text }) => [text, '+91844']));
  expect(rows.map(({ text }) => searchFormWithPhones(text))).toEqual(rows.map(() => '+91844'));
});
