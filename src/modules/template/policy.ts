import { isVisible, type Visibility } from '../../batching/list-options.ts';
import { type MaybePromise, whenBoth } from '../../batching/maybe-promise.ts';
import type { Context, Viewer } from '../../graphql/context.ts';
import type { Row } from '../../resources/models.ts';
import { hasRole, STAFF } from '../user/roles.ts';
import { templateById } from './loaders.ts';

/** Visitors and users see public and active templates; staff see all. */
export const templatesVisibleTo = (viewer: Viewer | null): Visibility<'CertificateTemplate'> =>
  hasRole(viewer, STAFF) ? 'all' : [{ isPublic: true, isActive: true }];

export function visibleTemplate(ctx: Context, id: number | null): MaybePromise<Row<'CertificateTemplate'> | null> {
  if (id === null) return null;
  return whenBoth(ctx.viewer(), templateById(ctx).load(id), (viewer, template) =>
    template && isVisible(templatesVisibleTo(viewer), template) ? template : null,
  );
}
