import { builder } from './builder.ts';
import type { BudgetStanding, Context } from './context.ts';

/** Where limits are off, numbers may be larger than GraphQL's are. */
const MAX_INT = 2 ** 31 - 1;

const RateLimitBudget = builder.objectRef<BudgetStanding>('RateLimitBudget').implement({
  description: 'So much of something, in any span of some length.',
  fields: (t) => ({
    name: t.exposeString('name', { description: '`minute` and `hour` count requests, `points` what operations cost.' }),
    windowSeconds: t.int({ description: 'The length of the span.', resolve: ({ windowMs }) => Math.ceil(windowMs / 1000) }),
    limit: t.int({ description: 'The most in such a span.', resolve: ({ max }) => Math.min(max, MAX_INT) }),
    remaining: t.int({
      description: 'What is left now. The points of this very operation are set aside already.',
      resolve: ({ remaining }) => Math.min(remaining, MAX_INT),
    }),
    resetAt: t.field({
      type: 'DateTime',
      description: 'When all of it is there again, if nothing more is asked for.',
      resolve: ({ resetMs }) => new Date(Date.now() + resetMs),
    }),
  }),
});

const RateLimit = builder.objectRef<Context>('RateLimit').implement({
  description: 'Where the client stands with its limits.',
  fields: (t) => ({
    cost: t.int({
      description: 'The points that this operation may cost at most; `extensions.cost` tells what it has cost.',
      resolve: (_parent, _args, { cost }) => Math.min(cost, MAX_INT),
    }),
    maxCost: t.int({
      description: 'The points that one operation may cost.',
      resolve: (_parent, _args, { maxCost }) => Math.min(maxCost, MAX_INT),
    }),
    budgets: t.field({
      type: [RateLimitBudget],
      description: 'Of the signed-in user, else of the address. Empty where nothing is limited.',
      resolve: async (_parent, _args, ctx) => [...(await ctx.budgets())],
    }),
  }),
});

builder.queryField('rateLimit', (t) =>
  t.field({
    type: RateLimit,
    description: 'Where the client stands with its limits. Answers say the same in the headers `RateLimit` and `RateLimit-Policy`.',
    resolve: (_root, _args, ctx) => ctx,
  }),
);
