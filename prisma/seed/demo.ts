import type { Role } from '../../src/generated/prisma/enums.ts';

/** Every seeded user has this password. */
export const demoPassword = 'convoy-demo';

/** One known user of each role: the first users, ids 1 to 5. Their emails are `<username>@convoy.example`. */
export const demoSignIns: readonly { role: Role; username: string }[] = [
  { role: 'SUPER_ADMIN', username: 'superadmin' },
  { role: 'ADMIN', username: 'admin' },
  { role: 'SPA_MANAGER', username: 'manager' },
  { role: 'HR', username: 'hr' },
  { role: 'USER', username: 'user' },
];

export const demoId = (role: Role): number => demoSignIns.findIndex((signIn) => signIn.role === role) + 1;
