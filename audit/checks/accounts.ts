// What a stranger learns of accounts by trying to sign in.

import { rowsOf } from '../../harness/rows.ts';
import { verdictOf } from '../../harness/verdict.ts';
import { demoPassword } from '../../prisma/seed/demo.ts';
import { ask, told } from '../ask.ts';
import { type Check, OPEN } from '../check.ts';

const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { token } }';
/** Its work would take all memory, or minutes, and its value is nobody's. */
const HEAVY = '$argon2id$v=19$m=4194304,t=100000,p=1$c29tZSBzYWx0IG9mIDE2$c29tZSB2YWx1ZSB0aGF0IGlzIG5vYm9keXMgYXQgYWxs';

const HASHES = {
  'a hash of bcrypt': '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy',
  'an MD5': '5f4dcc3b5aa765d61d8327deb882cf99',
  'an empty hash': '',
  'a hash that asks for 4 GiB and 100,000 passes': HEAVY,
};

export const accounts: readonly Check[] = [
  {
    name: 'accounts: what signing in tells of them',
    tried: `the right password of an inactive user and of one with ${Object.keys(HASHES).join(', with ')}`,
    expected: 'the answer that an unknown name gets, and no hash is printed',
    run: async (ctx) => {
      const databaseUrl = await ctx.createDatabase();
      const gateway = await ctx.gateway(OPEN, { databaseUrl });
      const signIn = (usernameOrEmail: string) =>
        ask(gateway, { query: SIGN_IN, variables: { input: { usernameOrEmail, password: demoPassword } } });
      const unknown = await signIn('nobody');
      const problems = unknown.codes.join() === 'UNAUTHENTICATED' ? [] : [`an unknown name gets ${told(unknown)}`];
      const compare = async (what: string) => {
        const answer = await signIn('user');
        if (answer.status !== unknown.status || answer.body !== unknown.body) problems.push(`${what} gets ${told(answer)}`);
      };
      await rowsOf(databaseUrl, `update users set is_active = false where username = 'user'`);
      await compare('an inactive user');
      await rowsOf(databaseUrl, `update users set is_active = true where username = 'user'`);
      for (const [what, hash] of Object.entries(HASHES)) {
        await rowsOf(databaseUrl, `update users set password_hash = $1 where username = 'user'`, [hash]);
        await compare(what);
        if (hash) ctx.secrets.add(hash);
      }
      const printed = Object.values(HASHES).filter((hash) => hash !== '' && ctx.outputs().includes(hash));
      return verdictOf([...problems, ...printed.map((hash) => `${hash} was printed`)], `all get ${told(unknown)}`);
    },
  },
];
