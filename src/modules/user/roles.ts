import { Role } from '../../generated/prisma/enums.ts';

// No hierarchy: each rule lists its roles.
export const ADMINS = ['ADMIN', 'SUPER_ADMIN'] as const satisfies readonly Role[];
export const STAFF = ['HR', 'SPA_MANAGER', 'ADMIN', 'SUPER_ADMIN'] as const satisfies readonly Role[];
export const CANDIDATE_READERS = ['HR', 'ADMIN', 'SUPER_ADMIN'] as const satisfies readonly Role[];
export const SPA_EDITORS = ['SPA_MANAGER', 'ADMIN', 'SUPER_ADMIN'] as const satisfies readonly Role[];

/** Whether somebody has one of the roles. False for a visitor. */
export function hasRole(viewer: { role: Role } | null, roles: readonly Role[]): boolean {
  return viewer !== null && roles.includes(viewer.role);
}

/** Whether this version knows a role that is stored. */
export const isRole = (role: string): role is Role => Object.hasOwn(Role, role);
