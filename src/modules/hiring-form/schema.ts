import { builder } from '../../graphql/builder.ts';
import { cacheFor } from '../../graphql/cache-hints.ts';
import { connect, connectionOf, pageArgs } from '../../graphql/connections.ts';
import { edgeBy } from '../../graphql/edges.ts';
import { idOf } from '../../graphql/ids.ts';
import { asNode } from '../../graphql/nodes.ts';
import { searchText } from '../../graphql/validation.ts';
import { spaById } from '../spa/loaders.ts';
import { visibleSpa } from '../spa/policy.ts';
import { Spa } from '../spa/schema.ts';
import { userById } from '../user/loaders.ts';
import { visibleUser } from '../user/policy.ts';
import { hasRole, STAFF } from '../user/roles.ts';
import { User } from '../user/schema.ts';
import { hiringForms } from './loaders.ts';
import { visibleHiringForm } from './policy.ts';

export const HiringForm = builder.prismaObject('HiringForm', {
  description: 'An opening at a spa.',
  extensions: cacheFor({ maxAgeSeconds: 60 }),
});

builder.prismaObjectFields(HiringForm, (t) => ({
  forRole: t.exposeString('forRole', { description: 'The position to fill.' }),
  staffRequired: t.exposeInt('staffRequired', { description: 'How many people are wanted; at least 1.' }),
  description: t.exposeString('description', { description: 'What the work is.' }),
  requiredExperience: t.exposeString('requiredExperience', { description: 'What candidates should have done before.' }),
  requiredEducation: t.exposeString('requiredEducation', { description: 'What candidates should have learnt.' }),
  requiredSkills: t.exposeString('requiredSkills', { description: 'What candidates should be able to do.' }),
  createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was posted.' }),
  updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed.' }),
  spa: t.field({
    type: Spa,
    nullable: true,
    description: 'Where the opening is.',
    extensions: edgeBy(spaById, 'spaId'),
    resolve: ({ spaId }, _args, ctx) => visibleSpa(ctx, spaId),
  }),
  postedBy: t.field({
    type: User,
    nullable: true,
    description: 'Who posted it; null where the viewer may not know.',
    extensions: edgeBy(userById, 'postedById'),
    resolve: ({ postedById }, _args, ctx) => visibleUser(ctx, postedById),
  }),
}));
asNode(HiringForm, 'HiringForm', visibleHiringForm);

export const HiringFormConnection = connectionOf(HiringForm, 'HiringForm', 'openings');

const HiringFormFilter = builder.inputType('HiringFormFilter', {
  description: 'Which openings a list has: those that meet every condition given.',
  fields: (t) => ({
    spaId: t.id({ description: 'At this spa.' }).validate(idOf('Spa').nullish()),
    city: t.string({ validate: searchText, description: 'In this city: its whole name, in the same case.' }),
    search: t.string({ validate: searchText, description: 'Part of the position or the description.' }),
  }),
});

builder.queryField('hiringForms', (t) =>
  t.field({
    extensions: cacheFor('inherit'),
    type: HiringFormConnection,
    args: { filter: t.arg({ type: HiringFormFilter, description: 'Which openings.' }), ...pageArgs },
    description: 'The job board: openings at spas that the viewer may see, newest first.',
    resolve: async (_root, { filter, ...args }, ctx, info) => {
      const atActiveSpa = hasRole(await ctx.viewer(), STAFF) ? null : true;
      return connect(hiringForms, ctx, info, args, { where: { ...filter, atActiveSpa }, visible: 'all' });
    },
  }),
);
