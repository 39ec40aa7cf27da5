import { isVisible, type Visibility } from '../../batching/list-options.ts';
import { type MaybePromise, whenBoth } from '../../batching/maybe-promise.ts';
import type { Context, Viewer } from '../../graphql/context.ts';
import type { Row } from '../../resources/models.ts';
import { hasRole, STAFF } from '../user/roles.ts';
import { spaById } from './loaders.ts';

/** Visitors and users see active spas; staff see all. */
export const spasVisibleTo = (viewer: Viewer | null): Visibility<'Spa'> => (hasRole(viewer, STAFF) ? 'all' : [{ isActive: true }]);

export function visibleSpa(ctx: Context, id: number | null): MaybePromise<Row<'Spa'> | null> {
  if (id === null) return null;
  return whenBoth(ctx.viewer(), spaById(ctx).load(id), (viewer, spa) => (spa && isVisible(spasVisibleTo(viewer), spa) ? spa : null));
}
