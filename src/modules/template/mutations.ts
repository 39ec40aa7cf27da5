import { builder } from '../../graphql/builder.ts';
import { encodeId, idOf } from '../../graphql/ids.ts';
import { deletedPayload, writtenPayload } from '../../graphql/payloads.ts';
import { filePath, jsonObject, line, markup } from '../../graphql/validation.ts';
import { CertificateCategoryRef } from '../certificate/inputs.ts';
import { signedIn } from '../user/policy.ts';
import { STAFF } from '../user/roles.ts';
import { templateById } from './loaders.ts';
import { deleteTemplate, saveTemplate } from './save.ts';
import { Template, TemplateKindRef } from './schema.ts';

const SaveTemplateInput = builder.inputType('SaveTemplateInput', {
  description:
    'A new template, without `id`; with `id` and `version`, what is to be changed of a template. Null takes the variant, a picture or the html away, and leaves all else as it is.',
  fields: (t) => ({
    id: t.id({ description: 'The template to change.' }).validate(idOf('CertificateTemplate').nullish()),
    version: t.int({ description: 'The version that was read: the change is refused when somebody else was faster.' }),
    name: t.string({ validate: line(), description: 'The name. Needed for a new template.' }),
    category: t.field({ type: CertificateCategoryRef, description: 'The category that it prints. Needed for a new template.' }),
    kind: t.field({ type: TemplateKindRef, description: 'What it is made of. Needed for a new template.' }),
    variant: t.string({ validate: line(40).nullish(), description: 'Which of several designs of the category.' }),
    bannerImage: t.string({ validate: filePath.nullish(), description: 'Path of the picture for the gallery.' }),
    image: t.string({ validate: filePath.nullish(), description: 'Path of the picture that is printed.' }),
    html: t.string({ validate: markup(200_000).nullish(), description: 'What an HTML template is made of.' }),
    config: t.field({
      type: 'JSON',
      validate: jsonObject(20_000).nullish(),
      description: 'Where on the template what is printed: a JSON object.',
    }),
    isActive: t.boolean({ description: 'Whether it may be used; true by default.' }),
    isPublic: t.boolean({ description: 'Whether everybody may use it; true by default.' }),
  }),
});

const SaveTemplatePayload = writtenPayload('SaveTemplatePayload', { field: 'template', type: Template, load: templateById });

const DeleteTemplatePayload = deletedPayload('DeleteTemplatePayload');

builder.mutationFields((t) => ({
  saveTemplate: t.field({
    type: SaveTemplatePayload,
    authScopes: { roles: STAFF },
    args: { input: t.arg({ type: SaveTemplateInput, required: true, description: 'The template.' }) },
    description: 'Creates or changes a template. For staff.',
    resolve: async (_root, { input }, ctx) => ({ id: await saveTemplate(ctx.prisma, (await signedIn(ctx)).id, input) }),
  }),
  deleteTemplate: t.field({
    type: DeleteTemplatePayload,
    authScopes: { roles: STAFF },
    args: { id: t.arg.id({ required: true, description: 'The template.' }).validate(idOf('CertificateTemplate')) },
    description: 'Deletes a template; the certificates that were printed with it stay. For staff.',
    resolve: async (_root, { id }, ctx) => {
      await deleteTemplate(ctx.prisma, id);
      return { deletedId: encodeId('CertificateTemplate', id) };
    },
  }),
}));
