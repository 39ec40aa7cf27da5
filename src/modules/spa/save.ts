import { BadUserInput, Conflict, Forbidden, NotFound } from '../../errors.ts';
import type { Role } from '../../generated/prisma/enums.ts';
import type { Db } from '../../resources/prisma.ts';
import { uniqueViolation } from '../../resources/prisma-errors.ts';

export type SaveSpa = {
  id?: number | null;
  version?: number | null;
  name?: string | null;
  isActive?: boolean | null;
} & Partial<Record<OptionalText, string | null>> & { code?: number | null };

type OptionalText =
  | 'address'
  | 'area'
  | 'city'
  | 'state'
  | 'pincode'
  | 'phoneNumber'
  | 'alternateNumber'
  | 'email'
  | 'website'
  | 'logo'
  | 'country';

/** Fields that always have a value: null leaves them as they are. */
const ALWAYS_SET = ['name', 'country', 'isActive'];

/** Creates a spa without an id, else changes what is given of the one with the id and the version. Returns the id. */
export async function saveSpa(prisma: Db, actorId: number, { id, version, ...input }: SaveSpa): Promise<number> {
  const given = Object.fromEntries(
    Object.entries(input).filter(([name, value]) => value !== undefined && !(value === null && ALWAYS_SET.includes(name))),
  );
  try {
    if (id != null) return await update(prisma, id, version, given);
    const { name } = input;
    if (!name) throw new BadUserInput([{ path: ['input', 'name'], message: 'Needed for a new spa.' }]);
    return (await prisma.spa.create({ data: { ...given, name, createdById: actorId }, select: { id: true } })).id;
  } catch (error) {
    const constraint = uniqueViolation(error);
    if (constraint === 'spas_email_key') throw new Conflict('email', 'Another spa has this email.');
    if (constraint === 'spas_code_key') throw new Conflict('code', 'Another spa has this code.');
    throw error;
  }
}

async function update(prisma: Db, id: number, version: number | null | undefined, given: object): Promise<number> {
  if (version == null) throw new BadUserInput([{ path: ['input', 'version'], message: 'Give the version that you have read.' }]);
  const { count } = await prisma.spa.updateMany({ where: { id, version }, data: { ...given, version: { increment: 1 } } });
  if (count === 1) return id;
  if (await prisma.spa.findUnique({ where: { id }, select: { id: true } }))
    throw new Conflict('version', 'Somebody else has changed the spa: read it again.');
  throw new NotFound('spa');
}

/**
 * Closes a spa; with `isForGood`, which takes a super admin, deletes it: its openings go with it, its certificates keep what they have
 * printed, and its applications keep its name. Throws NotFound when there is none.
 */
export async function deleteSpa(prisma: Db, actor: { role: Role }, id: number, isForGood: boolean): Promise<void> {
  if (isForGood && actor.role !== 'SUPER_ADMIN') throw new Forbidden('Only a super admin deletes a spa for good.');
  await prisma.$transaction(async (tx) => {
    // Locked, so that no application arrives between its own being moved and the spa being gone.
    const [spa] = await tx.$queryRaw<{ name: string }[]>`select name from spas where id = ${id} for update`;
    if (!spa) throw new NotFound('spa');
    if (!isForGood) return void (await tx.spa.update({ where: { id }, data: { isActive: false, version: { increment: 1 } } }));
    await tx.candidateForm.updateMany({ where: { spaId: id }, data: { spaId: null, spaNameText: spa.name } });
    await tx.spa.delete({ where: { id } });
  });
}
