// One DataLoader for each edge, new for each request, over Prisma's typed queries.

import DataLoader from 'dataloader';
import { PrismaClient } from '../../src/generated/prisma/client.ts';
import type { CertificateRow } from './fields.ts';
import { createAdapter } from './prisma.ts';

export const prisma = new PrismaClient({
  adapter: createAdapter(),
  // Heavy columns that nothing here shows.
  omit: { certificate: { spaSnapshot: true }, certificateTemplate: { html: true, config: true }, user: { passwordHash: true } },
});

export type Loaders = ReturnType<typeof createLoaders>;

/** A row for each id; null where there is none. */
const rowLoader = <R extends { id: number }>(read: (ids: number[]) => Promise<R[]>) =>
  new DataLoader<number, R | null>(async (ids) => {
    const rows = new Map((await read([...ids])).map((row) => [row.id, row]));
    return ids.map((id) => rows.get(id) ?? null);
  });

export type PageKey = { parent: number; take: number };

/**
 * The first rows of each parent. Prisma has no typed query for this: a nested `take` reads all rows of all parents and cuts them in
 * memory, which took three times as long here. So each parent has a query of its own, and they run at once.
 */
const pageLoader = <R>(read: (key: PageKey) => Promise<R[]>) =>
  new DataLoader<PageKey, R[], string>((keys) => Promise.all(keys.map(read)), { cacheKeyFn: ({ parent, take }) => `${parent} ${take}` });

const NEWEST = [{ generatedAt: 'desc' as const }, { id: 'desc' as const }];
const CREATED = [{ createdAt: 'desc' as const }, { id: 'desc' as const }];

export function createLoaders() {
  return {
    spa: rowLoader((ids) => prisma.spa.findMany({ where: { id: { in: ids }, isActive: true } })),
    template: rowLoader((ids) => prisma.certificateTemplate.findMany({ where: { id: { in: ids }, isActive: true, isPublic: true } })),
    user: rowLoader((ids) => prisma.user.findMany({ where: { id: { in: ids } } })),
    hiringFormsOfSpa: pageLoader(({ parent, take }) => prisma.hiringForm.findMany({ where: { spaId: parent }, orderBy: CREATED, take })),
    hiringFormCountOfSpa: new DataLoader<number, number>(async (ids) => {
      const groups = await prisma.hiringForm.groupBy({ by: 'spaId', where: { spaId: { in: [...ids] } }, _count: true });
      const counts = new Map(groups.map(({ spaId, _count }) => [spaId, _count]));
      return ids.map((id) => counts.get(id) ?? 0);
    }),
    certificatesOfSpa: pageLoader<CertificateRow>(({ parent, take }) =>
      prisma.certificate.findMany({ where: { spaId: parent, isPublic: true }, orderBy: NEWEST, take }),
    ),
    certificatesOfUser: pageLoader<CertificateRow>(({ parent, take }) =>
      prisma.certificate.findMany({ where: { issuedById: parent }, orderBy: NEWEST, take }),
    ),
    candidateFormsOfUser: pageLoader(({ parent, take }) =>
      prisma.candidateForm.findMany({ where: { submittedById: parent }, orderBy: CREATED, take }),
    ),
    months: childLoader((ids) => prisma.salaryMonth.findMany({ where: { certificateId: { in: ids } }, orderBy: { position: 'asc' } })),
    items: childLoader((ids) => prisma.invoiceItem.findMany({ where: { certificateId: { in: ids } }, orderBy: { position: 'asc' } })),
    entries: childLoader((ids) => prisma.dailySheetEntry.findMany({ where: { certificateId: { in: ids } }, orderBy: { position: 'asc' } })),
  };
}

function childLoader<R extends { certificateId: number }>(read: (ids: number[]) => Promise<R[]>) {
  return new DataLoader<number, R[]>(async (ids) => {
    const rows = Map.groupBy(await read([...ids]), ({ certificateId }) => certificateId);
    return ids.map((id) => rows.get(id) ?? []);
  });
}
