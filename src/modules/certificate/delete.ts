import { NotFound } from '../../errors.ts';
import type { CertificateCategory } from '../../generated/prisma/enums.ts';
import type { Db } from '../../resources/prisma.ts';

/** A certificate by its id and the category that the id names: an id can never hit a certificate of another category. */
export type Target = { id: number; category: CertificateCategory };

/** Deletes a certificate with its lines. Throws NotFound when there is none. */
export async function deleteCertificate(prisma: Db, { id, category }: Target): Promise<void> {
  const { count } = await prisma.certificate.deleteMany({ where: { id, category } });
  if (count === 0) throw new NotFound('certificate');
}

/** Deletes those of the certificates that exist, all at once, and returns their ids. */
export async function deleteCertificates(prisma: Db, targets: readonly Target[]): Promise<Set<number>> {
  return await prisma.$transaction(async (tx) => {
    const found = await tx.certificate.findMany({
      where: { OR: targets.map(({ id, category }) => ({ id, category })) },
      select: { id: true },
    });
    const ids = found.map(({ id }) => id);
    await tx.certificate.deleteMany({ where: { id: { in: ids } } });
    return new Set(ids);
  });
}
