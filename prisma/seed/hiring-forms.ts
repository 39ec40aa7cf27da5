import { anyManager } from './actors.ts';
import type { RowOf } from './copy.ts';
import { demoId } from './demo.ts';
import type { Plan } from './plan.ts';
import { Random } from './random.ts';
import { type SeededSpa, spaAt } from './spas.ts';
import { CLOSED, momentOf, OPENED, timestamp } from './time.ts';
import { EDUCATIONS, EXPERIENCES, POSITIONS, SKILLS } from './trade.ts';

export const HIRING_FORMS = {
  name: 'hiring_forms',
  columns: [
    'id',
    'spa_id',
    'posted_by_id',
    'for_role',
    'staff_required',
    'description',
    'required_experience',
    'required_education',
    'required_skills',
    'created_at',
    'updated_at',
  ],
} as const;

const OF_THE_DEMO = 6;

export function* hiringFormRows(plan: Plan, spas: readonly SeededSpa[]): Generator<RowOf<typeof HIRING_FORMS>> {
  for (let id = 1; id <= plan.hiringForms; id++) {
    const random = new Random(plan.seed, HIRING_FORMS.name, id);
    const posted = momentOf(id - 1, plan.hiringForms, OPENED, CLOSED, random);
    const spa = spaAt(posted, spas, random);
    const [role, minRupees, maxRupees] = random.pick(POSITIONS);
    const staffRequired = random.int(1, 6);
    yield {
      id,
      spa_id: spa.id,
      posted_by_id: id <= OF_THE_DEMO ? demoId('SPA_MANAGER') : anyManager(plan, random),
      for_role: role,
      staff_required: staffRequired,
      description:
        `${spa.name}, ${spa.city.name}, looks for ${staffRequired} ${role}${staffRequired > 1 ? 's' : ''}. ` +
        `Salary ₹${minRupees} to ₹${maxRupees} a month with incentives. ` +
        random.pick([
          'Food and stay are provided.',
          'One day off each week.',
          'Day shift, 10 am to 8 pm.',
          'Immediate joining.',
          'PF and ESI from the first month.',
        ]),
      required_experience: random.pick(EXPERIENCES),
      required_education: random.pick(EDUCATIONS),
      required_skills: [...new Set([random.pick(SKILLS), random.pick(SKILLS), random.pick(SKILLS)])].join(', '),
      created_at: timestamp(posted),
      updated_at: timestamp(posted),
    };
  }
}
