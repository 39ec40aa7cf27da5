import { lastStaffId, rolesInOrder } from './actors.ts';
import { CITIES, mobile } from './cities.ts';
import type { RowOf } from './copy.ts';
import { demoSignIns } from './demo.ts';
import { type Person, personIn } from './names.ts';
import type { Plan } from './plan.ts';
import { Random } from './random.ts';
import { at, CLOSED, dayOfMoment, FOUNDED, HIRING, momentOf, timestamp } from './time.ts';

export const USERS = {
  name: 'users',
  columns: [
    'id',
    'username',
    'email',
    'first_name',
    'last_name',
    'password_hash',
    'role',
    'phone_number',
    'is_active',
    'is_verified',
    'last_login_at',
    'tokens_valid_from',
    'version',
    'created_at',
    'updated_at',
  ],
} as const;

const DEMO_NAMES: readonly Person[] = [
  { firstName: 'Meera', lastName: 'Krishnan' },
  { firstName: 'Arjun', lastName: 'Malhotra' },
  { firstName: 'Kavita', lastName: 'Deshmukh' },
  { firstName: 'Sanjay', lastName: 'Banerjee' },
  { firstName: 'Priya', lastName: 'Nair' },
];

export function* userRows(plan: Plan, passwordHash: string): Generator<RowOf<typeof USERS>> {
  const roles = rolesInOrder(plan);
  const staff = lastStaffId(plan);
  for (let id = 1; id <= plan.users; id++) {
    const random = new Random(plan.seed, USERS.name, id);
    const created =
      id <= staff
        ? momentOf(id - 1, staff, HIRING, FOUNDED, random)
        : momentOf(id - staff - 1, plan.users - staff, FOUNDED, CLOSED, random);
    const isDemo = id <= demoSignIns.length;
    const person = DEMO_NAMES[id - 1] ?? personIn(random.pick(CITIES).region, random);
    const username = demoSignIns[id - 1]?.username ?? `${person.firstName}.${person.lastName}${id}`.toLowerCase();
    const lastDay = Math.max(...[1, 2, 3].map(() => random.int(dayOfMoment(created) + 1, CLOSED)));
    yield {
      id,
      username,
      email: `${username}@${isDemo ? 'convoy' : random.pick(['mail', 'post', 'inbox'])}.example`,
      first_name: person.firstName,
      last_name: person.lastName,
      password_hash: passwordHash,
      role: roles[id - 1],
      phone_number: random.chance(0.85) ? mobile(random) : null,
      is_active: id % 25 !== 0,
      is_verified: random.chance(0.7) || isDemo,
      last_login_at: random.chance(0.8) ? timestamp(at(lastDay, random.fraction())) : null,
      tokens_valid_from: timestamp(created),
      version: 1,
      created_at: timestamp(created),
      updated_at: timestamp(created),
    };
  }
}
