import { Forbidden, NotFound } from '../../errors.ts';
import type { Role } from '../../generated/prisma/enums.ts';
import type { Db, Transaction } from '../../resources/prisma.ts';
import { isMissingRecord } from '../../resources/prisma-errors.ts';
import { ADMINS, hasRole, STAFF } from '../user/roles.ts';

type Actor = { id: number; role: Role };

type Texts = 'forRole' | 'description' | 'requiredExperience' | 'requiredEducation' | 'requiredSkills';
export type PostHiringForm = Record<Texts, string> & { spaId: number; staffRequired: number };
export type UpdateHiringForm = Partial<Record<Texts, string | null>> & { id: number; staffRequired?: number | null };

/** Posts an opening and returns its id. Throws NotFound for a spa that does not exist, or is closed to the actor. */
export async function postHiringForm(prisma: Db, actor: Actor, input: PostHiringForm): Promise<number> {
  const spa = await prisma.spa.findUnique({ where: { id: input.spaId }, select: { isActive: true } });
  if (!spa || !(spa.isActive || hasRole(actor, STAFF))) throw new NotFound('spa');
  try {
    return (await prisma.hiringForm.create({ data: { ...input, postedById: actor.id }, select: { id: true } })).id;
  } catch (error) {
    // The spa was there when it was checked, and was deleted since.
    throw isMissingRecord(error) ? new NotFound('spa') : error;
  }
}

/** Changes what is given of an opening. Throws NotFound, or Forbidden for somebody else's where the actor is no admin. */
export async function updateHiringForm(prisma: Db, actor: Actor, { id, ...input }: UpdateHiringForm): Promise<void> {
  const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value != null));
  await prisma.$transaction(async (tx) => {
    await checkOwner(tx, actor, id);
    await tx.hiringForm.update({ where: { id }, data: given });
  });
}

/** Takes an opening away. Throws like updateHiringForm. */
export async function deleteHiringForm(prisma: Db, actor: Actor, id: number): Promise<void> {
  await prisma.$transaction(async (tx) => {
    await checkOwner(tx, actor, id);
    await tx.hiringForm.delete({ where: { id } });
  });
}

/** Locks the opening, so that the check still holds when the write comes. One at a closed spa exists for its owner and staff only. */
async function checkOwner(tx: Transaction, actor: Actor, id: number): Promise<void> {
  const [form] = await tx.$queryRaw<{ postedById: number | null; isOpen: boolean }[]>`
    select posted_by_id as "postedById", is_active as "isOpen"
    from hiring_forms join spas on spas.id = spa_id where hiring_forms.id = ${id} for update of hiring_forms`;
  const isOwner = form?.postedById === actor.id;
  if (!form || !(form.isOpen || isOwner || hasRole(actor, STAFF))) throw new NotFound('opening');
  if (!isOwner && !hasRole(actor, ADMINS)) throw new Forbidden('Only who posted an opening, and admins, change it.');
}
