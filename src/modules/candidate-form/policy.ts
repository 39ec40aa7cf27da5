import { isVisible, type Visibility } from '../../batching/list-options.ts';
import type { Context, Viewer } from '../../graphql/context.ts';
import type { Row } from '../../resources/models.ts';
import { CANDIDATE_READERS, hasRole } from '../user/roles.ts';
import { candidateFormById } from './loaders.ts';

/** Users and spa managers see what they submitted; HR and admins see all. */
export function candidateFormsVisibleTo(viewer: Viewer | null): Visibility<'CandidateForm'> {
  if (!viewer) return [];
  return hasRole(viewer, CANDIDATE_READERS) ? 'all' : [{ submittedById: viewer.id }];
}

export async function visibleCandidateForm(ctx: Context, id: number): Promise<Row<'CandidateForm'> | null> {
  const [viewer, form] = await Promise.all([ctx.viewer(), candidateFormById(ctx).load(id)]);
  return form && isVisible(candidateFormsVisibleTo(viewer), form) ? form : null;
}

/** Phone numbers, addresses, ages and documents: each field asks again, however its form was reached. */
export async function maySeePersonalData(form: Row<'CandidateForm'>, _args: object, ctx: Context): Promise<boolean> {
  return isVisible(candidateFormsVisibleTo(await ctx.viewer()), form);
}
