import { BadUserInput, NotFound } from '../../errors.ts';
import type { Prisma } from '../../generated/prisma/client.ts';
import type { Role } from '../../generated/prisma/enums.ts';
import type { Db } from '../../resources/prisma.ts';
import { isMissingRecord } from '../../resources/prisma-errors.ts';
import { hasRole, STAFF } from '../user/roles.ts';

/** An application; null where a value is not given. */
export type SubmitCandidateForm = Omit<
  Prisma.CandidateFormUncheckedCreateInput,
  'id' | 'createdAt' | 'updatedAt' | 'submittedById' | 'country' | 'otherDocuments'
> & {
  country?: string | null;
  otherDocuments?: string[] | null;
};

/** Submits an application to a spa, or to one that is named as text. Returns its id. Throws BadUserInput or NotFound. */
export async function submitCandidateForm(prisma: Db, actor: { id: number; role: Role }, input: SubmitCandidateForm): Promise<number> {
  const { spaId, spaNameText, country, otherDocuments, ...rest } = input;
  if ((spaId == null) === (spaNameText == null)) {
    throw new BadUserInput([
      { path: ['input', 'spaId'], message: 'Give spaId, or spaNameText when the spa is not in the list; not both.' },
    ]);
  }
  if (spaId != null) {
    const spa = await prisma.spa.findUnique({ where: { id: spaId }, select: { isActive: true } });
    if (!spa || !(spa.isActive || hasRole(actor, STAFF))) throw new NotFound('spa');
  }
  const data = {
    ...rest,
    spaId,
    spaNameText,
    country: country ?? undefined,
    otherDocuments: otherDocuments ?? [],
    submittedById: actor.id,
  };
  try {
    return (await prisma.candidateForm.create({ data, select: { id: true } })).id;
  } catch (error) {
    // The spa was there when it was checked, and was deleted since.
    throw isMissingRecord(error) ? new NotFound('spa') : error;
  }
}
