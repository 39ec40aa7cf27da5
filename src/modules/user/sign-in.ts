import { Conflict, Unauthenticated } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Db } from '../../resources/prisma.ts';
import { uniqueViolation } from '../../resources/prisma-errors.ts';
import { hashPassword, verifyPassword } from './password.ts';

/**
 * Returns the id of the user whose username or email, and password, these are, and since when they are signed in. Throws Unauthenticated
 * with the same words for an unknown name, a wrong password, an inactive user and a user whose hash cannot be read, which is logged; and
 * after the same work, unless the hash was imported from a system with other parameters.
 */
export async function signIn(
  { prisma, log }: { prisma: Db; log: Log },
  { usernameOrEmail, password }: { usernameOrEmail: string; password: string },
): Promise<{ userId: number; since: Date }> {
  const user = await prisma.user.findFirst({
    where: { OR: [{ username: usernameOrEmail }, { email: usernameOrEmail }] },
    select: { id: true, passwordHash: true, isActive: true },
  });
  const verdict = await verifyPassword(user?.passwordHash, password);
  if (verdict === 'unreadable') log.warn({ userId: user?.id }, 'the password hash of a user cannot be read: give them a new password');
  const wrong = new Unauthenticated('The name or the password is wrong.');
  if (!user || verdict !== 'fits' || !user.isActive) throw wrong;
  // Comparing takes a while: a password that was changed or a user who was deactivated meanwhile opens no session any more. One that
  // is changed just after it ends the session: the moment is older than the change, however late the token is made.
  const since = new Date();
  const unchanged = { id: user.id, passwordHash: user.passwordHash, isActive: true };
  const { count } = await prisma.user.updateMany({ where: unchanged, data: { lastLoginAt: since } });
  if (count === 0) throw wrong;
  return { userId: user.id, since };
}

export type SignUp = {
  username: string;
  email: string;
  password: string;
  firstName: string;
  lastName: string;
  phoneNumber?: string | null;
};

/** Makes a user with the role USER and returns the id. Throws Conflict when the username or the email is taken. */
export async function signUp(prisma: Db, { password, ...input }: SignUp): Promise<number> {
  const passwordHash = await hashPassword(password);
  try {
    const { id } = await prisma.user.create({ data: { ...input, passwordHash, role: 'USER' }, select: { id: true } });
    return id;
  } catch (error) {
    throw nameConflict(error) ?? error;
  }
}

/** The Conflict behind a username or an email that is taken. */
export function nameConflict(error: unknown): Conflict | undefined {
  const constraint = uniqueViolation(error);
  if (constraint === 'users_email_key') return new Conflict('email', 'There is an account with this email already.');
  if (constraint === 'users_username_key') return new Conflict('username', 'This username is taken.');
  return undefined;
}
