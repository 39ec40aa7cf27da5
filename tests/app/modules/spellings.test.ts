// One text in all its spellings, from the request to the row and back: whoever writes one finds it by every other.

import { expect, test } from 'vitest';
import { rowsOf } from '../../support/database.ts';
import { ACCOUNT, CANDIDATE, mutation, OPENING, toBill } from '../../support/inputs.ts';
import { onlyRates } from '../../support/protection.ts';
import { SCRIPTS, spellingsOf, wordIn } from '../../support/spellings.ts';
import { anApp } from '../../support/world.ts';

const SIGN_UP = mutation('signUp', 'viewer { username email }');
const SIGN_IN = mutation('signIn', 'viewer { username }');
const SAVE_SPA = mutation('saveSpa', 'spa { id name city }');
const SPAS = 'query ($filter: SpaFilter) { spas(filter: $filter) { nodes { name } totalCount { value } } }';
const words = SCRIPTS.map((script) => [script, wordIn(script, 7)] as const);
const asAdmin = { as: 'ADMIN' } as const;

test.each(words)(
  'whoever signs up in one spelling signs in by every other, and nobody else can take the name: %s',
  async (script, word) => {
    const { ask } = await anApp();
    const password = `${word} पास`;
    const account = { ...ACCOUNT, username: word.normalize('NFD'), password };
    const { data, errors } = await ask(SIGN_UP, { input: account });
    expect(errors, script).toBeUndefined();
    for (const spelling of spellingsOf(word)) {
      // Passwords are composed and no more: a letter of another width is another letter.
      const typed = spelling === word.normalize('NFC') ? password.normalize('NFD') : password;
      const answer = await ask(SIGN_IN, { input: { usernameOrEmail: spelling, password: typed } });
      expect(answer.data?.signIn.viewer, JSON.stringify(spelling)).toEqual({ username: data.signUp.viewer.username });
    }
    const input = { ...account, username: word.normalize('NFKC'), email: 'another@convoy.example' };
    expect((await ask(SIGN_UP, { input })).errors?.[0]?.extensions).toEqual({ code: 'CONFLICT', field: 'username' });
  },
);

test('an email address in full width is the address', async () => {
  const { ask } = await anApp();
  const { data } = await ask(SIGN_UP, { input: { ...ACCOUNT, email: ' Ａｓｈａ@ｃｏｎｖｏｙ.example\u200b' } });
  expect(data.signUp.viewer.email).toBe('Asha@convoy.example');
  const input = { usernameOrEmail: 'asha@convoy．example', password: ACCOUNT.password };
  expect((await ask(SIGN_IN, { input })).data.signIn.viewer.username).toBe(ACCOUNT.username);
});

test('an account has one limit in all its spellings, and accounts that differ in vowels have one each', async () => {
  const { ask } = await anApp({ protection: { modes: onlyRates('fields') } });
  const codeOf = async (usernameOrEmail: string) =>
    (await ask(SIGN_IN, { input: { usernameOrEmail, password: 'wrong' } })).errors?.[0]?.extensions.code;
  const [WRONG, LIMITED] = ['UNAUTHENTICATED', 'RATE_LIMITED'];
  const codes: unknown[] = [];
  for (const name of ['स\u095cक', 'स\u0921\u093cक', 'स\u095cक\u200d', ' स\u095cक', 'स\u0921\u093c\u200cक', 'स\u095cक', 'स\u0921\u093cक'])
    codes.push(await codeOf(name));
  expect(codes).toEqual([WRONG, WRONG, WRONG, WRONG, WRONG, LIMITED, LIMITED]);
  expect([await codeOf('सिड़क'), await codeOf('साड़क')]).toEqual([WRONG, WRONG]);
});

test('a spa in one spelling is found by every other, in a search, a filter and the job board', async () => {
  const { ask } = await anApp();
  for (const [script, word] of words) {
    for (const written of spellingsOf(word)) {
      const input = { name: `Spa ${written}`, city: `  ${written}\u00a0  Nagar `, state: written };
      const { data } = await ask(SAVE_SPA, { input }, asAdmin);
      const { id, name, city } = data.saveSpa.spa;
      expect([name, city]).toEqual([input.name, `${written} Nagar`].map((text) => text.normalize('NFC')));
      await ask(mutation('postHiringForm', 'hiringForm { id }'), { input: { ...OPENING, spaId: id } }, asAdmin);
    }
    const count = spellingsOf(word).length;
    for (const spelling of spellingsOf(word)) {
      for (const filter of [{ search: spelling }, { city: `${spelling} Nagar` }, { state: spelling }, { search: `SPA  ${spelling}` }]) {
        const { spas } = (await ask(SPAS, { filter })).data;
        expect([spas.nodes.length, spas.totalCount.value], `${script} ${JSON.stringify(filter)}`).toEqual([count, count]);
      }
      const board = 'query ($city: String) { hiringForms(filter: { city: $city }) { nodes { id } } }';
      expect((await ask(board, { city: `${spelling}\u3000Nagar` })).data.hiringForms.nodes).toHaveLength(count);
    }
  }
});

test('rows that others have written in any spelling are found as well', async () => {
  const { ask, databaseUrl } = await anApp();
  const word = wordIn('Bengali', 3);
  const values = spellingsOf(word).map((spelling) => `Spa ${spelling}`);
  await rowsOf(databaseUrl, `insert into spas (name, city, updated_at) select name, name, now() from unnest($1::text[]) as name`, [values]);
  for (const spelling of spellingsOf(word)) {
    for (const filter of [{ search: spelling }, { city: `Spa ${spelling}` }])
      expect((await ask(SPAS, { filter })).data.spas.nodes).toHaveLength(values.length);
  }
});

test('rows that others have written with blanks and joiners in any place are found as well', async () => {
  const { ask, databaseUrl } = await anApp();
  const stored = ['Lotus  Ganj', '\tLotus\u00a0 Ganj ', 'Lotus\u1680Ganj\n', 'Lo\u200ctus \u3000Ganj'];
  await rowsOf(
    databaseUrl,
    `insert into spas (name, city, state, updated_at) select 'Spa', place, place, now() from unnest($1::text[]) as place`,
    [stored],
  );
  for (const spelling of [...stored, 'Lotus Ganj', 'Ｌｏｔｕｓ Ｇａｎｊ'])
    for (const filter of [{ search: spelling }, { city: spelling }, { state: spelling }])
      expect((await ask(SPAS, { filter })).data.spas.nodes, JSON.stringify(filter)).toHaveLength(stored.length);
});

test('a phone number is found however it is written, on both sides', async () => {
  const { ask, databaseUrl } = await anApp();
  const submit = mutation('submitCandidateForm', 'candidateForm { phoneNumber }');
  const spaNameText = 'Spa by the lake';
  const { data } = await ask(submit, { input: { ...CANDIDATE, spaNameText, phoneNumber: '(84404) 59–700' } }, asAdmin);
  expect(data.submitCandidateForm.candidateForm.phoneNumber).toBe('8440459700');
  await rowsOf(
    databaseUrl,
    `insert into candidate_forms (spa_name_text, first_name, last_name, current_address, city, state, zip_code, phone_number, age, work_experience, therapist_experience, position_applied_for, updated_at)
     select 'x', 'Ravi', 'Iyer', 'x', 'x', 'x', '411001', phone, 30, 'x', 'x', 'x', now() from unnest($1::text[]) as phone`,
    [['(84404) 59-700', '（84404）\u00a059–700', '８４４０４\u2011５９\t７００']],
  );
  const find = async (search: string) => {
    const query = 'query ($search: String) { candidateForms(filter: { search: $search }) { nodes { firstName } } }';
    return (await ask(query, { search }, asAdmin)).data.candidateForms.nodes
      .map(({ firstName }: { firstName: string }) => firstName)
      .sort();
  };
  for (const search of ['84404-59700', '(84404) 59700', '8440459700', '84404 597', '404-59', '８４４０４－５９７００', '84404.59700'])
    expect(await find(search), search).toEqual(['Asha', 'Ravi', 'Ravi', 'Ravi']);
  expect(await find('asha rao 84404-59700')).toEqual(['Asha']);
  expect(await find('84404-59701')).toEqual([]);
});

test('the number of a certificate or a bill is one number, whatever dashes, blanks and width it is typed with', async () => {
  const { ask } = await anApp();
  const verify = async (number: string) =>
    (await ask('query ($number: String!) { certificate(number: $number) { number } }', { number }, asAdmin)).data.certificate?.number;
  const [certificate] = (await ask('{ certificates(first: 1) { nodes { number } } }', {}, asAdmin)).data.certificates.nodes;
  const { number } = certificate;
  for (const typed of [number, ` ${number.toLowerCase()}\u00a0`, number.replaceAll('-', '–'), number.replaceAll('-', '\u2011\u200b')])
    expect(await verify(typed), JSON.stringify(typed)).toBe(number);
  const fullWidth = [...number].map((character) => String.fromCharCode(character.charCodeAt(0) + 0xfee0)).join('');
  expect(await verify(fullWidth)).toBe(number);

  const BILL = mutation('issueCertificate', 'certificate { ... on Invoice { billNumber } }');
  const bill = (billNumber: string) => ask(BILL, { input: toBill({ billNumber }) }, asAdmin);
  expect((await bill('B–7\u3000५')).data.issueCertificate.certificate.billNumber).toBe('B-7 ५');
  expect((await bill('Ｂ-７ ५')).errors?.[0]?.extensions).toEqual({ code: 'CONFLICT', field: 'billNumber' });
});

test('markup and paths are stored as they are sent: composing them would make something else of them', async () => {
  const { ask } = await anApp();
  const html = '<p>\u0338 cafe\u0301</p>';
  const image = '/media/cafe\u0301.png';
  const input = { name: 'cafe\u0301', category: 'ID_CARD', kind: 'HTML', html, image };
  const { data } = await ask(mutation('saveTemplate', 'template { name html image }'), { input }, asAdmin);
  expect(data.saveTemplate.template).toEqual({ name: 'café', html, image });
});
