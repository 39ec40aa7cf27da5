import { filter, pipe } from 'graphql-yoga';
import { Unauthenticated } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { idOf } from '../../graphql/ids.ts';
import type { Row } from '../../resources/models.ts';
import { visibleCertificateById } from './policy.ts';
import { Certificate } from './schema.ts';

export const CERTIFICATE_ISSUED = 'certificateIssued';

builder.subscriptionField('certificateIssued', (t) =>
  t.field({
    type: Certificate,
    args: { spaId: t.arg.id({ description: 'Only those that name this spa.' }).validate(idOf('Spa').nullish()) },
    description: 'Each certificate that is issued from now on and that the viewer may see.',
    subscribe: (_root, { spaId }, ctx) => {
      return pipe(
        ctx.pubSub.subscribe(CERTIFICATE_ISSUED),
        filter(async (event) => {
          if (spaId != null && event.spaId !== spaId) return false;
          // A token that has run out ends what it opened, at the next event.
          if (ctx.token && ctx.token.expiresAt.getTime() < Date.now()) throw new Unauthenticated('The token has expired: sign in again.');
          // A subscription outlives many requests: nothing that it read for one event serves the next, its viewer's role least of all.
          ctx.loaders.clear();
          return (await visibleCertificateById(ctx, Number(event.id))) !== null;
        }),
      );
    },
    resolve: async (event, _args, ctx) => (await visibleCertificateById(ctx, Number(event.id))) as Row<'Certificate'>,
  }),
);
