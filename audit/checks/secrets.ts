// Runs last: what all gateways of the run have printed, at the most talkative, must hold nothing that was secret.

import { verdictOf } from '../../harness/verdict.ts';
import { demoPassword } from '../../prisma/seed/demo.ts';
import { ask } from '../ask.ts';
import { type Check, OPEN } from '../check.ts';

export const secrets: readonly Check[] = [
  {
    name: 'secrets: what the gateways have printed',
    tried: 'every password, token and key of the run, and of two sign-ins more, looked for in all that was printed with LOG_LEVEL=trace',
    expected: 'none is found',
    run: async (ctx) => {
      const gateway = await ctx.gateway(OPEN);
      const wrong = 'a password that is wrong';
      const query = 'mutation ($password: String!) { signIn(input: { usernameOrEmail: "hr", password: $password }) { token } }';
      const answers = [
        await ask(gateway, { query, variables: { password: wrong } }),
        await ask(gateway, { query, variables: { password: demoPassword } }),
      ];
      const token = /"token":"([^"]+)"/.exec(answers[1]?.body ?? '')?.[1] ?? '';
      for (const secret of [wrong, demoPassword, token]) ctx.secrets.add(secret);
      if (token === '') return { holds: false, happened: 'nobody could sign in' };
      const password = new URL(gateway.databaseUrl).password;
      if (password) ctx.secrets.add(password);
      const printed = ctx.outputs();
      const found = Array.from(ctx.secrets).filter((secret) => printed.includes(secret));
      return verdictOf(
        found.map((secret) => `${secret.slice(0, 12)}… was printed`),
        `none of ${ctx.secrets.size} in ${printed.length.toLocaleString('en')} characters`,
      );
    },
  },
];
