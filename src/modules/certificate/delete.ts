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

/** Deletes those of the certificates that exist, all at once, and returns the ones that it has deleted. */
export async function deleteCertificates(prisma: Db, targets: readonly Target[]): Promise<Target[]> {
  const ids = targets.map(({ id }) => id);
  return await prisma.$transaction(async (tx) => {
    // Locked, so that of two who delete the same one only one says so; in order, so that they do not wait for each other.
    const found = await tx.$queryRaw<Target[]>`select id, category::text from certificates where id = any(${ids}) order by id for update`;
    const deleted = found.filter((row) => targets.some(({ id, category }) => id === row.id && category === row.category));
    await tx.certificate.deleteMany({ where: { id: { in: deleted.map(({ id }) => id) } } });
    return deleted;
  });
}
