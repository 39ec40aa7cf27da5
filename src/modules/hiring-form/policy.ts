import type { Context } from '../../graphql/context.ts';
import type { Row } from '../../resources/models.ts';
import { visibleSpa } from '../spa/policy.ts';
import { hiringFormById } from './loaders.ts';

/** Everybody sees the openings of a spa that they may see, and whoever posted one sees it in any case. */
export async function visibleHiringForm(ctx: Context, id: number): Promise<Row<'HiringForm'> | null> {
  const [viewer, form] = await Promise.all([ctx.viewer(), hiringFormById(ctx).load(id)]);
  if (!form) return null;
  const isOwn = viewer !== null && form.postedById === viewer.id;
  return isOwn || (await visibleSpa(ctx, form.spaId)) ? form : null;
}
