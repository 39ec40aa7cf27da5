import { BadUserInput, Conflict, NotFound } from '../../errors.ts';
import type { Prisma } from '../../generated/prisma/client.ts';
import type { CertificateCategory, TemplateKind } from '../../generated/prisma/enums.ts';
import type { Db } from '../../resources/prisma.ts';

export type SaveTemplate = {
  id?: number | null;
  version?: number | null;
  name?: string | null;
  category?: CertificateCategory | null;
  kind?: TemplateKind | null;
  variant?: string | null;
  bannerImage?: string | null;
  image?: string | null;
  html?: string | null;
  config?: unknown;
  isActive?: boolean | null;
  isPublic?: boolean | null;
};

const MAY_BE_NULL = ['variant', 'bannerImage', 'image', 'html'];

/** Creates a template without an id, else changes what is given of the one with the id and the version. Returns the id. */
export async function saveTemplate(prisma: Db, actorId: number, { id, version, ...input }: SaveTemplate): Promise<number> {
  const given = Object.fromEntries(
    Object.entries(input).filter(([name, value]) => value !== undefined && (value !== null || MAY_BE_NULL.includes(name))),
  );
  return id == null ? await create(prisma, actorId, input, given) : await update(prisma, id, version, given);
}

async function create(prisma: Db, actorId: number, { name, category, kind, html }: SaveTemplate, given: object): Promise<number> {
  const missing = Object.entries({ name, category, kind }).filter(([, value]) => value == null);
  if (missing.length > 0)
    throw new BadUserInput(missing.map(([field]) => ({ path: ['input', field], message: 'Needed for a new template.' })));
  checkHtml(kind, html);
  const data = { ...given, createdById: actorId } as Prisma.CertificateTemplateUncheckedCreateInput;
  return (await prisma.certificateTemplate.create({ data, select: { id: true } })).id;
}

async function update(prisma: Db, id: number, version: number | null | undefined, given: SaveTemplate): Promise<number> {
  if (version == null) throw new BadUserInput([{ path: ['input', 'version'], message: 'Give the version that you have read.' }]);
  return await prisma.$transaction(async (tx) => {
    // As text: Prisma refuses a whole row with a kind or a category that it does not know.
    const [template] = await tx.$queryRaw<
      { kind: string; version: number; html: string | null }[]
    >`select kind::text, version, html from certificate_templates where id = ${id} for update`;
    if (!template) throw new NotFound('template');
    if (template.version !== version) throw new Conflict('version', 'Somebody else has changed the template: read it again.');
    checkHtml(given.kind ?? template.kind, given.html === undefined ? template.html : given.html);
    const data = { ...given, version: { increment: 1 } } as Prisma.CertificateTemplateUncheckedUpdateInput;
    await tx.certificateTemplate.update({ where: { id }, data, select: { id: true } });
    return id;
  });
}

function checkHtml(kind: string | null | undefined, html: string | null | undefined): void {
  if (kind === 'HTML' && !html) throw new BadUserInput([{ path: ['input', 'html'], message: 'An HTML template needs its html.' }]);
}

/** Deletes a template; the certificates that were printed with it stay. Throws NotFound when there is none. */
export async function deleteTemplate(prisma: Db, id: number): Promise<void> {
  const { count } = await prisma.certificateTemplate.deleteMany({ where: { id } });
  if (count === 0) throw new NotFound('template');
}
