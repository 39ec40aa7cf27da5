import { StartError } from '../../src/errors.ts';
import type { Role } from '../../src/generated/prisma/enums.ts';

/** How much there is to make. Everything grows with the scale; users, spas and templates never fall below what a demo needs. */
export type Plan = {
  seed: number;
  usersByRole: Record<Role, number>;
  users: number;
  spas: number;
  templates: number;
  certificates: number;
  candidateForms: number;
  hiringForms: number;
};

export const FEWEST_TEMPLATES = 60;

export function planOf(scale: number, seed: number): Plan {
  if (!(scale > 0 && scale <= 100)) throw new StartError('The scale must be a number more than 0 and at most 100.');
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff)
    throw new StartError('The seed must be a whole number from 0 to 4294967295.');
  const atLeast = (least: number, atScaleOne: number) => Math.max(least, Math.round(atScaleOne * scale));
  const users = atLeast(60, 2000);
  const staff = { SUPER_ADMIN: atLeast(2, 5), ADMIN: atLeast(3, 20), SPA_MANAGER: atLeast(15, 200), HR: atLeast(5, 50) };
  return {
    seed,
    users,
    usersByRole: { ...staff, USER: users - Object.values(staff).reduce((sum, count) => sum + count) },
    spas: atLeast(20, 300),
    templates: atLeast(FEWEST_TEMPLATES, 60),
    certificates: atLeast(100, 200_000),
    candidateForms: atLeast(50, 40_000),
    hiringForms: atLeast(20, 10_000),
  };
}
