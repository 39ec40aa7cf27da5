import { Prisma } from '../generated/prisma/client.ts';

/** The columns of the unique constraint that a write has broken (P2002), or undefined for any other error. */
export function uniqueViolation(error: unknown): readonly string[] | undefined {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError) || error.code !== 'P2002') return undefined;
  // With a driver adapter the columns stand in the adapter's error, quoted where they need it.
  const cause = Reflect.get(error.meta?.driverAdapterError ?? {}, 'cause') as { constraint?: { fields?: string[] } } | undefined;
  return (cause?.constraint?.fields ?? []).map((field) => field.replaceAll('"', ''));
}

/** Whether a record that a write names does not exist: it was not found (P2025), or a reference leads nowhere (P2003). */
export function isMissingRecord(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && (error.code === 'P2025' || error.code === 'P2003');
}
