import { BadUserInput, Conflict, Forbidden, NotFound } from '../../errors.ts';
import type { Role } from '../../generated/prisma/enums.ts';
import type { Db } from '../../resources/prisma.ts';
import { hashPassword } from './password.ts';
import { isRole } from './roles.ts';
import { nameConflict } from './sign-in.ts';

type Actor = { id: number; role: Role };

export type SaveUser = {
  id?: number | null;
  version?: number | null;
  username?: string | null;
  email?: string | null;
  firstName?: string | null;
  lastName?: string | null;
  password?: string | null;
  role?: Role | null;
  phoneNumber?: string | null;
  isActive?: boolean | null;
  isVerified?: boolean | null;
};

const NEEDED = ['username', 'email', 'firstName', 'lastName', 'password'] as const;

/**
 * Creates a user without an id, else changes what is given of the one with the id and the version. Returns the id. Only a super admin
 * makes, changes or becomes one; nobody changes their own role or deactivates themselves.
 */
export async function saveUser(prisma: Db, actor: Actor, { id, version, password, ...input }: SaveUser): Promise<number> {
  const given = Object.fromEntries(
    Object.entries(input).filter(([name, value]) => value !== undefined && (value !== null || name === 'phoneNumber')),
  );
  if (input.role === 'SUPER_ADMIN' && actor.role !== 'SUPER_ADMIN') throw new Forbidden('Only a super admin makes a super admin.');
  const secret = password == null ? {} : { passwordHash: await hashPassword(password) };
  try {
    return id == null
      ? await create(prisma, { ...input, password }, { ...given, ...secret })
      : await update(prisma, actor, id, version, { ...given, ...secret });
  } catch (error) {
    throw nameConflict(error) ?? error;
  }
}

type Changes = { role?: Role; isActive?: boolean; passwordHash?: string };

async function create(prisma: Db, input: SaveUser, given: object): Promise<number> {
  const missing = NEEDED.filter((name) => input[name] == null);
  if (missing.length > 0) throw new BadUserInput(missing.map((name) => ({ path: ['input', name], message: 'Needed for a new user.' })));
  const { id } = await prisma.user.create({ data: given as Parameters<Db['user']['create']>[0]['data'], select: { id: true } });
  return id;
}

async function update(prisma: Db, actor: Actor, id: number, version: number | null | undefined, given: Changes): Promise<number> {
  if (version == null) throw new BadUserInput([{ path: ['input', 'version'], message: 'Give the version that you have read.' }]);
  return await prisma.$transaction(async (tx) => {
    // Locked, so that the checks still hold when the write comes. As text: Prisma refuses a whole row with a role that it does not know.
    const [user] = await tx.$queryRaw<
      { role: string; version: number }[]
    >`select role::text, version from users where id = ${id} for update`;
    if (!user) throw new NotFound('user');
    // A role that this version does not know may be above all others.
    if ((user.role === 'SUPER_ADMIN' || !isRole(user.role)) && actor.role !== 'SUPER_ADMIN')
      throw new Forbidden('Only a super admin changes a super admin.');
    if (id === actor.id && given.role !== undefined && given.role !== actor.role) throw new Forbidden('You cannot change your own role.');
    if (id === actor.id && given.isActive === false) throw new Forbidden('You cannot deactivate yourself.');
    if (user.version !== version) throw new Conflict('version', 'Somebody else has changed the user: read it again.');
    // The moment is taken under the lock: whoever signs in with the old password meanwhile has an older token, or finds it changed.
    // A millisecond later: a token of this very one may be theirs.
    const ended = given.isActive === false || given.passwordHash !== undefined ? { tokensValidFrom: new Date(Date.now() + 1) } : {};
    await tx.user.update({ where: { id }, data: { ...given, ...ended, version: { increment: 1 } }, select: { id: true } });
    return id;
  });
}

/** Deletes a user; what they made stays, without their name. Throws Forbidden for oneself, NotFound when there is none. */
export async function deleteUser(prisma: Db, actor: Actor, id: number): Promise<void> {
  if (id === actor.id) throw new Forbidden('You cannot delete yourself.');
  const { count } = await prisma.user.deleteMany({ where: { id } });
  if (count === 0) throw new NotFound('user');
}
