import type { Context } from '../../graphql/context.ts';
import type { Row } from '../../resources/models.ts';
import { visibleSpa } from '../spa/policy.ts';
import { hiringFormById } from './loaders.ts';

/** Everybody sees the openings of a spa that they may see. */
export async function visibleHiringForm(ctx: Context, id: number): Promise<Row<'HiringForm'> | null> {
  const form = await hiringFormById(ctx).load(id);
  return form && (await visibleSpa(ctx, form.spaId)) ? form : null;
}
