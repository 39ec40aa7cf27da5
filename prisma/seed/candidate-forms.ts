import { applicantAt } from './actors.ts';
import { CITIES, homeAddress, mobile, placeIn } from './cities.ts';
import type { RowOf } from './copy.ts';
import { demoId } from './demo.ts';
import { personIn } from './names.ts';
import type { Plan } from './plan.ts';
import { Random } from './random.ts';
import { type SeededSpa, spaAt } from './spas.ts';
import { CLOSED, momentOf, OPENED, timestamp } from './time.ts';
import { COURSES, EXPERIENCES, POSITIONS } from './trade.ts';

export const CANDIDATE_FORMS = {
  name: 'candidate_forms',
  columns: [
    'id',
    'spa_id',
    'spa_name_text',
    'submitted_by_id',
    'first_name',
    'middle_name',
    'last_name',
    'current_address',
    'aadhar_address',
    'city',
    'state',
    'zip_code',
    'country',
    'phone_number',
    'alternate_number',
    'age',
    'work_experience',
    'therapist_experience',
    'position_applied_for',
    'education_certificate_courses',
    'photo',
    'age_proof',
    'aadhar_front',
    'aadhar_back',
    'pan_card',
    'signature',
    'other_documents',
    'created_at',
    'updated_at',
  ],
} as const;

const OF_THE_DEMO = 12;
const UNLISTED = [
  'Green Valley Spa',
  'Relax Zone',
  'Siam Spa',
  'Body Care Centre',
  'New Look Salon & Spa',
  'The Wellness Room',
  'Kerala Ayurveda Kendra',
];

export function* candidateFormRows(plan: Plan, spas: readonly SeededSpa[]): Generator<RowOf<typeof CANDIDATE_FORMS>> {
  for (let id = 1; id <= plan.candidateForms; id++) {
    const random = new Random(plan.seed, CANDIDATE_FORMS.name, id);
    const submitted = momentOf(id - 1, plan.candidateForms, OPENED, CLOSED, random);
    const spa = random.chance(0.92) ? spaAt(submitted, spas, random) : undefined;
    const city = spa?.city ?? random.pick(CITIES);
    const person = personIn(city.region, random, 65);
    const home = placeIn(city, random);
    const address = homeAddress(home, random);
    const paper = (name: string, share: number) => (random.chance(share) ? `/media/candidates/${id}/${name}` : null);
    yield {
      id,
      spa_id: spa?.id,
      spa_name_text: spa ? null : `${random.pick(UNLISTED)}, ${home.area}`,
      submitted_by_id: id <= OF_THE_DEMO ? demoId(id % 2 ? 'USER' : 'SPA_MANAGER') : applicantAt(submitted, plan, random),
      first_name: person.firstName,
      middle_name: random.chance(0.15) ? random.pick(['Kumar', 'Kumari', 'Devi', 'Lal', 'Rani']) : null,
      last_name: person.lastName,
      current_address: address,
      aadhar_address: random.chance(0.6) ? address : random.chance(0.7) ? homeAddress(placeIn(random.pick(CITIES), random), random) : null,
      city: city.name,
      state: city.state,
      zip_code: home.pincode,
      country: 'India',
      phone_number: mobile(random),
      alternate_number: random.chance(0.35) ? mobile(random) : null,
      // Two draws: most are young.
      age: Math.min(random.int(18, 52), random.int(18, 52)),
      work_experience: random.pick(EXPERIENCES),
      therapist_experience: random.pick(EXPERIENCES),
      position_applied_for: random.pick(POSITIONS)[0],
      education_certificate_courses: random.chance(0.5) ? random.pick(COURSES) : null,
      photo: paper('photo.jpg', 0.95),
      age_proof: paper('age-proof.pdf', 0.7),
      aadhar_front: paper('aadhaar-front.jpg', 0.9),
      aadhar_back: paper('aadhaar-back.jpg', 0.9),
      pan_card: paper('pan.jpg', 0.6),
      signature: paper('signature.png', 0.8),
      other_documents: random.chance(0.2) ? `{/media/candidates/${id}/other-1.pdf,/media/candidates/${id}/other-2.pdf}` : '{}',
      created_at: timestamp(submitted),
      updated_at: timestamp(submitted),
    };
  }
}
