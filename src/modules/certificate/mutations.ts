import { z } from 'zod';
import { builder } from '../../graphql/builder.ts';
import { encodeId } from '../../graphql/ids.ts';
import { deletedPayload, writtenPayload } from '../../graphql/payloads.ts';
import { signedIn } from '../user/policy.ts';
import { ADMINS } from '../user/roles.ts';
import { categories } from './categories.ts';
import { deleteCertificate, deleteCertificates, type Target } from './delete.ts';
import { certificateId, IssueCertificateInput } from './inputs.ts';
import { issueCertificate } from './issue.ts';
import { certificateById } from './loaders.ts';
import { Certificate } from './schema.ts';
import { CERTIFICATE_ISSUED } from './subscriptions.ts';

const globalId = ({ id, category }: Target) => encodeId(categories[category].type, id);

const MAX_DELETED = 100;

const IssueCertificatePayload = writtenPayload('IssueCertificatePayload', {
  field: 'certificate',
  type: Certificate,
  load: certificateById,
});

const DeleteCertificatePayload = deletedPayload('DeleteCertificatePayload');

const DeleteCertificatesPayload = builder
  .objectRef<{ deletedIds: string[]; notDeletedIds: string[] }>('DeleteCertificatesPayload')
  .implement({
    description: 'What deleting several has done.',
    fields: (t) => ({
      deletedIds: t.exposeIDList('deletedIds', { description: 'The ids of what is gone.' }),
      notDeletedIds: t.exposeIDList('notDeletedIds', { description: 'The ids that name no certificate.' }),
    }),
  });

builder.mutationFields((t) => ({
  issueCertificate: t.field({
    type: IssueCertificatePayload,
    authScopes: { signedIn: true },
    args: { input: t.arg({ type: IssueCertificateInput, required: true, description: 'The certificate.' }) },
    description: 'Issues a certificate in the viewer’s name, with a number of its own.',
    resolve: async (_root, { input }, ctx) => {
      const id = await issueCertificate(ctx.prisma, await signedIn(ctx), input);
      ctx.pubSub.publish(CERTIFICATE_ISSUED, { id, spaId: input.spaId ?? null });
      return { id };
    },
  }),
  deleteCertificate: t.field({
    type: DeleteCertificatePayload,
    authScopes: { roles: ADMINS },
    args: { id: t.arg.id({ required: true, description: 'The certificate.' }).validate(certificateId) },
    description: 'Deletes a certificate. For admins.',
    resolve: async (_root, { id: target }, ctx) => {
      await deleteCertificate(ctx.prisma, target);
      return { deletedId: globalId(target) };
    },
  }),
  deleteCertificates: t.field({
    type: DeleteCertificatesPayload,
    authScopes: { roles: ADMINS },
    args: {
      ids: t.arg
        .idList({ required: true, description: `The certificates: 1 to ${MAX_DELETED}.` })
        .validate(z.array(certificateId).min(1, 'Name at least one.').max(MAX_DELETED, `At most ${MAX_DELETED}.`)),
    },
    description: 'Deletes several certificates at once, and says which of the ids named none. For admins.',
    resolve: async (_root, { ids: targets }, ctx) => {
      const deleted = new Set((await deleteCertificates(ctx.prisma, targets)).map(globalId));
      const named = new Set(targets.map(globalId));
      return { deletedIds: [...named.intersection(deleted)], notDeletedIds: [...named.difference(deleted)] };
    },
  }),
}));
