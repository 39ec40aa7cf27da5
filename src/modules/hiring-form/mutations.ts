import { z } from 'zod';
import { builder } from '../../graphql/builder.ts';
import { encodeId, idOf } from '../../graphql/ids.ts';
import { deletedPayload, writtenPayload } from '../../graphql/payloads.ts';
import { line, paragraph } from '../../graphql/validation.ts';
import { signedIn } from '../user/policy.ts';
import { hiringFormById } from './loaders.ts';
import { deleteHiringForm, postHiringForm, updateHiringForm } from './save.ts';
import { HiringForm } from './schema.ts';

const staffRequired = z.int().min(1, 'At least 1.').max(1000, 'At most 1000.');

const PostHiringFormInput = builder.inputType('PostHiringFormInput', {
  description: 'An opening to post.',
  fields: (t) => ({
    spaId: t.id({ required: true, description: 'Where the opening is.' }).validate(idOf('Spa')),
    forRole: t.string({ required: true, validate: line(), description: 'The position to fill.' }),
    staffRequired: t.int({ required: true, validate: staffRequired, description: 'How many people are wanted: 1 to 1000.' }),
    description: t.string({ required: true, validate: paragraph(), description: 'What the work is.' }),
    requiredExperience: t.string({ required: true, validate: paragraph(500), description: 'What candidates should have done before.' }),
    requiredEducation: t.string({ required: true, validate: paragraph(500), description: 'What candidates should have learnt.' }),
    requiredSkills: t.string({ required: true, validate: paragraph(500), description: 'What candidates should be able to do.' }),
  }),
});

const UpdateHiringFormInput = builder.inputType('UpdateHiringFormInput', {
  description: 'What is to be changed of an opening.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The opening.' }).validate(idOf('HiringForm')),
    forRole: t.string({ validate: line(), description: 'The position to fill.' }),
    staffRequired: t.int({ validate: staffRequired, description: 'How many people are wanted: 1 to 1000.' }),
    description: t.string({ validate: paragraph(), description: 'What the work is.' }),
    requiredExperience: t.string({ validate: paragraph(500), description: 'What candidates should have done before.' }),
    requiredEducation: t.string({ validate: paragraph(500), description: 'What candidates should have learnt.' }),
    requiredSkills: t.string({ validate: paragraph(500), description: 'What candidates should be able to do.' }),
  }),
});

const HiringFormPayload = writtenPayload('HiringFormPayload', { field: 'hiringForm', type: HiringForm, load: hiringFormById });

const DeleteHiringFormPayload = deletedPayload('DeleteHiringFormPayload');

builder.mutationFields((t) => ({
  postHiringForm: t.field({
    type: HiringFormPayload,
    authScopes: { signedIn: true },
    args: { input: t.arg({ type: PostHiringFormInput, required: true, description: 'The opening.' }) },
    description: 'Posts an opening.',
    resolve: async (_root, { input }, ctx) => ({ id: await postHiringForm(ctx.prisma, await signedIn(ctx), input) }),
  }),
  updateHiringForm: t.field({
    type: HiringFormPayload,
    authScopes: { signedIn: true },
    args: { input: t.arg({ type: UpdateHiringFormInput, required: true, description: 'The changes.' }) },
    description: 'Changes an opening. For who posted it, and admins.',
    resolve: async (_root, { input }, ctx) => {
      await updateHiringForm(ctx.prisma, await signedIn(ctx), input);
      return { id: input.id };
    },
  }),
  deleteHiringForm: t.field({
    type: DeleteHiringFormPayload,
    authScopes: { signedIn: true },
    args: { id: t.arg.id({ required: true, description: 'The opening.' }).validate(idOf('HiringForm')) },
    description: 'Takes an opening away. For who posted it, and admins.',
    resolve: async (_root, { id }, ctx) => {
      await deleteHiringForm(ctx.prisma, await signedIn(ctx), id);
      return { deletedId: encodeId('HiringForm', id) };
    },
  }),
}));
