import { z } from 'zod';
import { builder } from '../../graphql/builder.ts';
import { encodeId, idOf } from '../../graphql/ids.ts';
import { writtenPayload } from '../../graphql/payloads.ts';
import { email, filePath, line, paragraph, phone, reference } from '../../graphql/validation.ts';
import { signedIn } from '../user/policy.ts';
import { SPA_EDITORS } from '../user/roles.ts';
import { spaById } from './loaders.ts';
import { deleteSpa, saveSpa } from './save.ts';
import { Spa } from './schema.ts';

const code = z.int().min(1, 'A code is 1 or more.').max(2_147_483_647, 'At most 2147483647.').nullish();
const website = z
  .url({ protocol: /^https?$/, error: 'A web address begins with http:// or https://.' })
  .max(500, 'At most 500 characters.')
  .refine((value) => value.isWellFormed(), 'Contains characters that cannot be stored.')
  .nullish();

const SaveSpaInput = builder.inputType('SaveSpaInput', {
  description:
    'A new spa, without `id`; with `id` and `version`, what is to be changed of a spa. Null takes a value away, but for the name, the country and isActive, which it leaves as they are.',
  fields: (t) => ({
    id: t.id({ description: 'The spa to change.' }).validate(idOf('Spa').nullish()),
    version: t.int({ description: 'The version that was read: the change is refused when somebody else was faster.' }),
    code: t.int({ validate: code, description: 'The number that the company calls it by; unique.' }),
    name: t.string({ validate: line(), description: 'The name. Needed for a new spa.' }),
    address: t.string({ validate: paragraph(500).nullish(), description: 'Street and house.' }),
    area: t.string({ validate: line().nullish(), description: 'The part of the city.' }),
    city: t.string({ validate: line().nullish(), description: 'The city.' }),
    state: t.string({ validate: line().nullish(), description: 'The state.' }),
    country: t.string({ validate: line().nullish(), description: 'The country; India by default.' }),
    pincode: t.string({ validate: reference(10).nullish(), description: 'The postal code.' }),
    phoneNumber: t.string({ validate: phone.nullish(), description: 'To call the spa.' }),
    alternateNumber: t.string({ validate: phone.nullish(), description: 'Another number to call.' }),
    email: t.string({ validate: email.nullish(), description: 'To write to the spa; unique.' }),
    website: t.string({ validate: website, description: 'Its page on the web.' }),
    logo: t.string({ validate: filePath.nullish(), description: 'Path of its logo.' }),
    isActive: t.boolean({ description: 'False closes it.' }),
  }),
});

const SaveSpaPayload = writtenPayload('SaveSpaPayload', { field: 'spa', type: Spa, load: spaById });

const DeleteSpaPayload = builder.objectRef<{ deletedId: string; wasDeleted: boolean }>('DeleteSpaPayload').implement({
  description: 'What deleting has done.',
  fields: (t) => ({
    deletedId: t.exposeID('deletedId', { description: 'The id of the spa.' }),
    wasDeleted: t.exposeBoolean('wasDeleted', { description: 'False where the spa was closed, and is still there for staff.' }),
  }),
});

builder.mutationFields((t) => ({
  saveSpa: t.field({
    type: SaveSpaPayload,
    authScopes: { roles: SPA_EDITORS },
    args: { input: t.arg({ type: SaveSpaInput, required: true, description: 'The spa.' }) },
    description: 'Creates or changes a spa. For spa managers and admins.',
    resolve: async (_root, { input }, ctx) => ({ id: await saveSpa(ctx.prisma, (await signedIn(ctx)).id, input) }),
  }),
  deleteSpa: t.field({
    type: DeleteSpaPayload,
    authScopes: { roles: SPA_EDITORS },
    args: {
      id: t.arg.id({ required: true, description: 'The spa.' }).validate(idOf('Spa')),
      isForGood: t.arg.boolean({ defaultValue: false, description: 'Whether it is deleted rather than closed. For super admins.' }),
    },
    description: 'Closes a spa. A super admin may delete it for good: its certificates keep what they have printed.',
    resolve: async (_root, { id, isForGood }, ctx) => {
      await deleteSpa(ctx.prisma, await signedIn(ctx), id, isForGood ?? false);
      return { deletedId: encodeId('Spa', id), wasDeleted: isForGood ?? false };
    },
  }),
}));
