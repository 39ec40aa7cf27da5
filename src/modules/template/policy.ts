import { isVisible, type Visibility } from '../../batching/list-options.ts';
import type { Context, Viewer } from '../../graphql/context.ts';
import type { Row } from '../../resources/models.ts';
import { hasRole, STAFF } from '../user/roles.ts';
import { templateById } from './loaders.ts';

/** Visitors and users see public and active templates; staff see all. */
export const templatesVisibleTo = (viewer: Viewer | null): Visibility<'CertificateTemplate'> =>
  hasRole(viewer, STAFF) ? 'all' : [{ isPublic: true, isActive: true }];

export async function visibleTemplate(ctx: Context, id: number | null): Promise<Row<'CertificateTemplate'> | null> {
  if (id === null) return null;
  const [viewer, template] = await Promise.all([ctx.viewer(), templateById(ctx).load(id)]);
  return template && isVisible(templatesVisibleTo(viewer), template) ? template : null;
}
