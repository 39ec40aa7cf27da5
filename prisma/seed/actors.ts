// Who does things. Ten managers own far more than anybody else: the demo manager, and the nine users after the demo's five.

import type { Role } from '../../src/generated/prisma/enums.ts';
import { demoId, demoSignIns } from './demo.ts';
import type { Plan } from './plan.ts';
import type { Random } from './random.ts';
import { CLOSED, dayOfMoment, existingBy, FOUNDED, type Moment } from './time.ts';

const HEAVY_SHARE = 0.3;
const HEAVY = [demoId('SPA_MANAGER'), ...Array.from({ length: 9 }, (_, index) => demoSignIns.length + 1 + index)];
const LIGHT_DEMOS = demoSignIns.map(({ role }) => demoId(role)).filter((id) => !HEAVY.includes(id));

/** The demo's five, the other heavy managers, the other staff with the managers last, then everybody else. */
export function rolesInOrder({ usersByRole }: Plan): Role[] {
  const left = { ...usersByRole };
  const roles: Role[] = [];
  const add = (role: Role, count: number) => {
    left[role] -= count;
    for (let added = 0; added < count; added++) roles.push(role);
  };
  for (const { role } of demoSignIns) add(role, 1);
  add('SPA_MANAGER', HEAVY.length - 1);
  for (const role of ['SUPER_ADMIN', 'ADMIN', 'HR', 'SPA_MANAGER', 'USER'] as const) add(role, left[role]);
  return roles;
}

/** The staff, and the demo user with it, has ids up to this one, and was there before the first spa. */
export const lastStaffId = (plan: Plan): number => plan.users - plan.usersByRole.USER + 1;

/** Anybody who existed then; the ten heavy managers did three of every ten things. */
export function anybodyAt(moment: Moment, plan: Plan, random: Random): number {
  if (random.chance(HEAVY_SHARE)) return random.pick(HEAVY);
  const light = random.int(1, lastStaffId(plan) + existingUsers(moment, plan) - HEAVY.length);
  return LIGHT_DEMOS[light - 1] ?? light + HEAVY.length;
}

/** An ordinary user who existed then, or in one of six cases a manager. */
export function applicantAt(moment: Moment, plan: Plan, random: Random): number {
  return random.chance(1 / 6) ? anyManager(plan, random) : lastStaffId(plan) + random.int(1, existingUsers(moment, plan));
}

export function anyManager(plan: Plan, random: Random): number {
  const others = plan.usersByRole.SPA_MANAGER - HEAVY.length;
  return random.chance(HEAVY_SHARE) ? random.pick(HEAVY) : lastStaffId(plan) - random.int(0, others - 1);
}

const existingUsers = (moment: Moment, plan: Plan) => existingBy(dayOfMoment(moment), plan.usersByRole.USER - 1, FOUNDED, CLOSED);
