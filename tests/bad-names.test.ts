import { expect, test } from 'vitest';
import { rowsOf } from './support/database.ts';
import { ADMIN, course, ISSUE, issue, person, SAVE_SPA, SUBMIT, USER } from './support/operations.ts';
import { expectIssues, refusing } from './support/refusals.ts';
import { anApp } from './support/world.ts';

const NAMES: [why: string, name: string][] = [
  ['empty', ''],
  ['blank', ' \t '],
  ['nothing that can be seen', '\u200b'],
  ['a turned direction', 'Asha \u202e oaR'],
  ['a line separator', 'Asha\u2028Rao'],
  ['NUL', 'Asha\u0000Rao'],
  ['a lone surrogate', 'Asha \ud83d Rao'],
  ['a lone low surrogate', '\udc00'],
  ['an escape character', 'Asha\u001b[31m'],
  ['a line break inside', 'Asha\nRao'],
  ['DEL', 'Asha\u007f'],
  ['300 characters', 'x'.repeat(300)],
];

for (const [why, name] of NAMES) {
  test(`a name is refused: ${why}`, async () => {
    const app = await anApp();
    await refusing(app, async () => {
      expectIssues(await app.ask(SAVE_SPA, { input: { name } }, ADMIN), ['input.name']);
      expectIssues(await app.ask(ISSUE, issue({ spaTherapist: course }, { holderName: name }), USER), ['input.holderName']);
      expectIssues(await app.ask(SUBMIT, { input: { ...person, firstName: name, positionAppliedFor: name } }, USER), [
        'input.firstName',
        'input.positionAppliedFor',
      ]);
    });
  });
}

test('a name is kept: emoji, Devanagari, quotes and SQL', async () => {
  const { ask, databaseUrl } = await anApp();
  const names = [
    '👩🏽‍⚕️ Asha 💆',
    'आशा राव',
    `O'Brien "the \\ best"`,
    `Robert'); drop table certificates; --`,
    '__proto__',
    '{{name}} $1 %_',
  ];
  for (const holderName of names) {
    const { data, errors } = await ask(ISSUE, issue({ spaTherapist: course }, { holderName }), USER);
    expect(errors).toBeUndefined();
    expect(data.issueCertificate.certificate.holderName).toBe(holderName);
    expect(await rowsOf(databaseUrl, 'select holder_name from certificates order by id desc limit 1')).toEqual([
      { holder_name: holderName },
    ]);
  }
});
