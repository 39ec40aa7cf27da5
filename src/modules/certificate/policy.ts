import { isVisible, type Visibility } from '../../batching/list-options.ts';
import { type MaybePromise, when, whenBoth } from '../../batching/maybe-promise.ts';
import type { Context, Viewer } from '../../graphql/context.ts';
import type { Row } from '../../resources/models.ts';
import { hasRole, STAFF } from '../user/roles.ts';
import { certificateById } from './loaders.ts';

type Certificate = Row<'Certificate'>;

/** Everybody sees public certificates; private ones are for their issuer and for staff. */
export function certificatesVisibleTo(viewer: Viewer | null): Visibility<'Certificate'> {
  if (!viewer) return [{ isPublic: true }];
  return hasRole(viewer, STAFF) ? 'all' : [{ isPublic: true }, { issuedById: viewer.id }];
}

/** The certificate that `load` finds, where the viewer may see it. */
export function visibleCertificate(ctx: Context, load: MaybePromise<Certificate | null>): MaybePromise<Certificate | null> {
  return whenBoth(ctx.viewer(), load, (viewer, certificate) =>
    certificate && isVisible(certificatesVisibleTo(viewer), certificate) ? certificate : null,
  );
}

export const visibleCertificateById = (ctx: Context, id: number) => visibleCertificate(ctx, certificateById(ctx).load(id));

/** Contact data and documents on a certificate are not public with it: its issuer and staff see them. */
export function maySeeContactData(certificate: Certificate, _args: object, ctx: Context): MaybePromise<boolean> {
  return when(ctx.viewer(), (viewer) => hasRole(viewer, STAFF) || (viewer !== null && certificate.issuedById === viewer.id));
}
