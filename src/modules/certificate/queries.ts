import { builder } from '../../graphql/builder.ts';
import { cacheFor } from '../../graphql/cache-hints.ts';
import { connect, pageArgs } from '../../graphql/connections.ts';
import { reference } from '../../graphql/validation.ts';
import { STAFF } from '../user/roles.ts';
import { CertificateFilter } from './inputs.ts';
import { certificates, verifiedCertificate } from './loaders.ts';
import { visibleCertificate } from './policy.ts';
import { Certificate, CertificateConnection } from './schema.ts';

builder.queryFields((t) => ({
  certificate: t.field({
    extensions: cacheFor({ maxAgeSeconds: 10 }),
    type: Certificate,
    nullable: true,
    // Numbers are counted up: without a limit, somebody would try them all.
    rateLimit: [{ by: 'CLIENT', perMinute: 30, perHour: 300 }],
    args: {
      number: t.arg.string({
        required: true,
        validate: reference(40),
        description: 'As printed, `INV-2026-0000042`; case does not matter.',
      }),
    },
    description: 'Verifies a certificate by its number. Null when there is none, or when it is private and not for the viewer.',
    resolve: (_root, { number }, ctx) => visibleCertificate(ctx, verifiedCertificate(ctx, number.toUpperCase())),
  }),
  publicCertificates: t.field({
    extensions: cacheFor('inherit'),
    type: CertificateConnection,
    args: { filter: t.arg({ type: CertificateFilter, description: 'Which certificates.' }), ...pageArgs },
    description: 'The certificates that everybody may see, newest first.',
    resolve: (_root, { filter, ...args }, ctx, info) =>
      connect(certificates, ctx, info, args, { where: filter ?? {}, visible: [{ isPublic: true }] }),
  }),
  certificates: t.field({
    type: CertificateConnection,
    authScopes: { roles: STAFF },
    args: { filter: t.arg({ type: CertificateFilter, description: 'Which certificates.' }), ...pageArgs },
    description: 'All certificates, newest first. For staff.',
    resolve: (_root, { filter, ...args }, ctx, info) => connect(certificates, ctx, info, args, { where: filter ?? {}, visible: 'all' }),
  }),
}));
