import { type MaybePromise, when, whenBoth } from '../../batching/maybe-promise.ts';
import { Unauthenticated } from '../../errors.ts';
import type { Context, Viewer } from '../../graphql/context.ts';
import type { Row } from '../../resources/models.ts';
import type { Token } from '../../tokens.ts';
import { hasIssuedPublicly, userById } from './loaders.ts';
import { ADMINS, hasRole, isRole, STAFF } from './roles.ts';

type User = Row<'User'>;

/** The user behind a token, as they are now: a replica may not have heard yet that they were deactivated. */
export function loadViewer(ctx: Context): MaybePromise<Viewer | null> {
  const { token } = ctx;
  if (!token) return null;
  const found = userById(ctx, { fromPrimary: true }).load(token.userId);
  return when(found, (user) => (user && isValidFor(user, token) ? user : null));
}

/**
 * What cannot be compared is not valid: `>=` takes null for the year 1970. A role that only a newer version knows may mean anything: here
 * it gives no rights, not even those of every user.
 */
function isValidFor({ isActive, role, tokensValidFrom }: User, { issuedAt }: Token): boolean {
  const isSince = tokensValidFrom instanceof Date && issuedAt.getTime() >= tokensValidFrom.getTime();
  return isActive === true && isRole(role) && isSince;
}

/** The viewer. Throws Unauthenticated for a visitor. */
export async function signedIn(ctx: Context): Promise<Viewer> {
  const viewer = await ctx.viewer();
  if (!viewer) throw new Unauthenticated();
  return viewer;
}

/** A user's name is seen by themselves, by staff, and by everybody once they have issued a public certificate. */
export function visibleUser(ctx: Context, id: number | null): MaybePromise<User | null> {
  if (id === null) return null;
  return whenBoth(ctx.viewer(), userById(ctx).load(id), (viewer, user) => {
    if (!user || viewer?.id === id || hasRole(viewer, STAFF)) return user;
    return when(hasIssuedPublicly(ctx).load(id), (isNamed) => (isNamed ? user : null));
  });
}

/** The viewer themselves, or somebody with one of the roles. */
export const selfOr =
  (roles: Parameters<typeof hasRole>[1]) =>
  (user: User, _args: object, ctx: Context): MaybePromise<boolean> =>
    when(ctx.viewer(), (viewer) => viewer?.id === user.id || hasRole(viewer, roles));

export const selfOrAdmin = selfOr(ADMINS);
export const selfOrStaff = selfOr(STAFF);
