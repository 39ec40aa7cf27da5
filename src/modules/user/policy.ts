import { Unauthenticated } from '../../errors.ts';
import type { Context, Viewer } from '../../graphql/context.ts';
import type { Row } from '../../resources/models.ts';
import { hasIssuedPublicly, userById } from './loaders.ts';
import { ADMINS, hasRole, STAFF } from './roles.ts';

type User = Row<'User'>;

/** The user behind a token, as they are now. */
export async function loadViewer(ctx: Context): Promise<Viewer | null> {
  if (!ctx.token) return null;
  const user = await userById(ctx).load(ctx.token.userId);
  const isCurrent = user?.isActive && ctx.token.issuedAt >= user.tokensValidFrom;
  return user && isCurrent ? { id: user.id, role: user.role } : null;
}

/** The viewer. Throws Unauthenticated for a visitor. */
export async function signedIn(ctx: Context): Promise<Viewer> {
  const viewer = await ctx.viewer();
  if (!viewer) throw new Unauthenticated();
  return viewer;
}

/** A user's name is seen by themselves, by staff, and by everybody once they have issued a public certificate. */
export async function visibleUser(ctx: Context, id: number | null): Promise<User | null> {
  if (id === null) return null;
  const [viewer, user] = await Promise.all([ctx.viewer(), userById(ctx).load(id)]);
  if (!user) return null;
  const isVisible = viewer?.id === id || hasRole(viewer, STAFF) || (await hasIssuedPublicly(ctx).load(id));
  return isVisible ? user : null;
}

/** The viewer themselves, or somebody with one of the roles. */
export const selfOr =
  (roles: Parameters<typeof hasRole>[1]) =>
  async (user: User, _args: object, ctx: Context): Promise<boolean> => {
    const viewer = await ctx.viewer();
    return viewer?.id === user.id || hasRole(viewer, roles);
  };

export const selfOrAdmin = selfOr(ADMINS);
export const selfOrStaff = selfOr(STAFF);
