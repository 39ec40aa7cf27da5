import { Prisma } from '../generated/prisma/client.ts';

/** The name of the unique constraint that a write has broken (P2002), or undefined for any other error: `users_email_key`. */
export function uniqueViolation(error: unknown): string | undefined {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError) || error.code !== 'P2002') return undefined;
  // With a driver adapter the constraint stands in the adapter's error: @prisma/adapter-pg, for SQLSTATE 23505.
  const cause = Reflect.get(error.meta?.driverAdapterError ?? {}, 'cause') as { constraint?: { index?: string } } | undefined;
  return cause?.constraint?.index ?? '';
}

/** Whether a record that a write names does not exist: it was not found (P2025), or a reference leads nowhere (P2003). */
export function isMissingRecord(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && (error.code === 'P2025' || error.code === 'P2003');
}
