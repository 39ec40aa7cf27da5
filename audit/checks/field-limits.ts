// How often single fields may be called: what costs much, and what somebody would try out.

import type { Gateway } from '../../harness/gateway.ts';
import { demoPassword } from '../../prisma/seed/demo.ts';
import { encodeId } from '../../src/graphql/ids.ts';
import { type Asked, ask, inTurn, tally, times } from '../ask.ts';
import type { Check, Settings } from '../check.ts';
import type { Answer } from '../client.ts';

const FIELDS: Settings = {
  RATE_LIMIT_PER_MINUTE: '100000',
  RATE_LIMIT_PER_HOUR: '100000',
  COST_PER_MINUTE: '100000000',
  MAX_BATCH: '10',
  TRUSTED_PROXIES: 'loopback',
};

const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { token } }';
const SIGN_UP = 'mutation ($input: SignUpInput!) { signUp(input: $input) { token } }';
const SUBMIT = 'mutation ($input: SubmitCandidateFormInput!) { submitCandidateForm(input: $input) { candidateForm { id } } }';
const PERSON = {
  spaId: encodeId('Spa', 1),
  firstName: 'Asha',
  lastName: 'Rao',
  currentAddress: '12 Lake Road',
  city: 'Pune',
  state: 'Maharashtra',
  zipCode: '411001',
  phoneNumber: '9876543210',
  age: 27,
  workExperience: 'Three years',
  therapistExperience: 'Two years',
  positionAppliedFor: 'Therapist',
};

const WRONG = 'a wrong password of the audit';
const signIn = (usernameOrEmail: string, password = WRONG) => ({ query: SIGN_IN, variables: { input: { usernameOrEmail, password } } });
/** Errors of a batch or of aliases, each as an answer. */
const each = (answers: readonly Answer[]) => tally(answers.flatMap(({ codes, status }) => (codes.length > 0 ? codes : [String(status)])));

type Case = { name: string; tried: string; expected: string; ask: (gateway: Gateway, ctx: Parameters<Check['run']>[0]) => Promise<string> };
const inTurns = (gateway: Gateway, asked: readonly Asked[]) => inTurn(asked, (one) => ask(gateway, one)).then(tally);
// A refused field is null: the answer has data, and its status is 200.
const REFUSED = '200 RATE_LIMITED';
const WRONG_PASSWORD = '200 UNAUTHENTICATED';

const cases: readonly Case[] = [
  {
    name: 'signIn from one address',
    tried: 'one password for 30 accounts, from one address',
    expected: `20 × ${WRONG_PASSWORD}, 10 × ${REFUSED}`,
    ask: (gateway) =>
      inTurns(
        gateway,
        times(30, (i) => ({ ...signIn(`sprayed-${i}`), from: '203.0.113.10' })),
      ),
  },
  {
    name: 'signIn of one account',
    tried: '8 passwords for one account, each from another address, its name in other cases, with spaces and in full width',
    expected: `5 × ${WRONG_PASSWORD}, 3 × ${REFUSED}`,
    ask: (gateway) => {
      const spellings = ['manager', 'MANAGER', ' Manager', 'manager\t', 'ｍａｎａｇｅｒ', 'mANAGER ', 'Ｍanager', 'manageR'];
      return inTurns(
        gateway,
        spellings.map((name, i) => ({ ...signIn(name), from: `203.0.113.${20 + i}` })),
      );
    },
  },
  {
    name: 'signIn of one account in the spellings of Unicode',
    tried: '8 passwords for one account, its name composed, decomposed, in full width, with joiners and with what cannot be seen',
    expected: `5 × ${WRONG_PASSWORD}, 3 × ${REFUSED}`,
    ask: (gateway) => {
      const spellings = [
        'स\u095cक1',
        'स\u0921\u093cक1',
        'स\u095cक１',
        'स\u095cक\u200d1',
        'स\u095c\u200bक1',
        '\ufeffस\u095cक1',
        'स\u095c\u034fक1',
        'स\u095cक1\u2060',
      ];
      return inTurns(
        gateway,
        spellings.map((name, i) => ({ ...signIn(name), from: `203.0.113.${60 + i}` })),
      );
    },
  },
  {
    name: 'signIn by aliases',
    tried: 'the right password of one account seven times in one operation, then once more',
    expected: 'the sixth is refused, the seventh too, and so is the next operation',
    ask: async (gateway, { secrets }) => {
      secrets.add(demoPassword);
      const one = `signIn(input: { usernameOrEmail: "user", password: "${demoPassword}" }) { token }`;
      const query = `mutation { ${times(7, (i) => `a${i}: ${one}`).join(' ')} }`;
      const answer = await ask(gateway, { query, from: '203.0.113.30' });
      const next = await ask(gateway, { ...signIn('user', demoPassword), from: '203.0.113.31' });
      const refused = answer.errors.map(({ path, extensions }) => `${path?.join('.')} ${extensions.code}`).join();
      return refused === 'a5 RATE_LIMITED,a6 RATE_LIMITED' && next.codes.join() === 'RATE_LIMITED'
        ? 'the sixth is refused, the seventh too, and so is the next operation'
        : `${tally([answer])} at ${refused}, then ${tally([next])}`;
    },
  },
  {
    name: 'signIn by a batch',
    tried: 'ten passwords for one account in one request',
    expected: '5 × UNAUTHENTICATED, 5 × RATE_LIMITED',
    ask: async (gateway) =>
      each([
        await ask(
          gateway,
          { from: '203.0.113.32' },
          times(10, () => signIn('hr')),
        ),
      ]),
  },
  {
    name: 'one password for many accounts by batches',
    tried: 'three requests of ten accounts each, from one address',
    expected: '20 × UNAUTHENTICATED, 10 × RATE_LIMITED',
    ask: async (gateway) => {
      const batches = times(3, (i) => times(10, (k) => signIn(`batched-${i}-${k}`)));
      return each(await inTurn(batches, (batch) => ask(gateway, { from: '203.0.113.33' }, batch)));
    },
  },
  {
    name: 'signUp from one address',
    tried: '8 accounts from one address',
    expected: `5 × 200, 3 × ${REFUSED}`,
    ask: (gateway, { secrets }) => {
      const password = 'a password of the audit';
      secrets.add(password);
      const input = (i: number) => ({ username: `audit${i}`, email: `audit${i}@convoy.example`, password, firstName: 'A', lastName: 'B' });
      return inTurns(
        gateway,
        times(8, (i) => ({ query: SIGN_UP, variables: { input: input(i) }, from: '203.0.113.34' })),
      );
    },
  },
  {
    name: 'numbers of certificates that are tried out',
    tried: '40 numbers by one client, then 20 more by aliases',
    expected: '30 × 200, 10 × 200 RATE_LIMITED, then 20 × RATE_LIMITED',
    ask: async (gateway) => {
      const numberOf = (i: number) => `certificate(number: "INV-2023-${String(i).padStart(7, '0')}") { id }`;
      const from = '203.0.113.35';
      const one = await inTurn(
        times(40, (i) => i),
        (i) => ask(gateway, { query: `{ ${numberOf(i)} }`, from }),
      );
      const query = `{ ${times(20, (i) => `a${i}: ${numberOf(100 + i)}`).join(' ')} }`;
      return `${tally(one)}, then ${each([await ask(gateway, { query, from })])}`;
    },
  },
  {
    name: 'statistics',
    tried: '25 times by one admin',
    expected: `20 × 200, 5 × ${REFUSED}`,
    ask: async (gateway, ctx) => {
      const token = await ctx.tokenOf('ADMIN');
      return await inTurns(
        gateway,
        times(25, () => ({ query: '{ statistics { certificates { total } } }', token })),
      );
    },
  },
  {
    name: 'submitCandidateForm',
    tried: '8 times by one user, from addresses of their own',
    expected: `5 × 200, 3 × ${REFUSED}`,
    ask: async (gateway, ctx) => {
      const token = await ctx.tokenOf('USER');
      return await inTurns(
        gateway,
        times(8, (i) => ({ query: SUBMIT, variables: { input: PERSON }, token, from: `203.0.113.${40 + i}` })),
      );
    },
  },
];

export const fieldLimits: readonly Check[] = cases.map(({ name, tried, expected, ask: attack }) => ({
  name: `fields: ${name}`,
  tried,
  expected,
  run: async (ctx) => {
    ctx.secrets.add(WRONG);
    const happened = await attack(await ctx.gateway(FIELDS), ctx);
    return { happened, holds: happened === expected };
  },
}));
