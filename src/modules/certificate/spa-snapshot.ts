import type { Spa } from '../../generated/prisma/client.ts';

const PRINTED = [
  'code',
  'name',
  'address',
  'area',
  'city',
  'state',
  'country',
  'pincode',
  'phoneNumber',
  'email',
  'website',
  'logo',
] as const;

/** The facts of a spa that are printed on a certificate, as they were when it was issued. Stored as JSON in spa_snapshot. */
export type SpaSnapshot = Pick<Spa, (typeof PRINTED)[number]>;

export function snapshotOf(spa: SpaSnapshot): SpaSnapshot {
  return Object.fromEntries(PRINTED.map((name) => [name, spa[name]])) as SpaSnapshot;
}
