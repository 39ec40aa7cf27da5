import { snapshotOf } from '../../src/modules/certificate/spa-snapshot.ts';
import { anyManager } from './actors.ts';
import { CITIES, type City, mobile, placeIn } from './cities.ts';
import type { RowOf } from './copy.ts';
import type { Plan } from './plan.ts';
import { Random } from './random.ts';
import { CLOSED, dayOfMoment, existingBy, FOUNDED, type Moment, momentOf, timestamp } from './time.ts';

export const SPAS = {
  name: 'spas',
  columns: [
    'id',
    'code',
    'name',
    'address',
    'area',
    'city',
    'state',
    'country',
    'pincode',
    'phone_number',
    'alternate_number',
    'email',
    'website',
    'logo',
    'is_active',
    'created_by_id',
    'version',
    'created_at',
    'updated_at',
  ],
} as const;

/** Spas with these ids stand open at every scale, before the first certificate. */
export const FIRST_SPAS = 4;

const FIRST = [
  'Lotus',
  'Orchid',
  'Serene',
  'Amrita',
  'Tulsi',
  'Nirvana',
  'Golden Leaf',
  'Blue Lagoon',
  'Ananda',
  'Sukoon',
  'Zen',
  'Kaya',
  'Sandalwood',
  'Moksha',
  'Royal Thai',
  'White Jasmine',
  'Ocean Pearl',
  'Shanti',
  'Bodhi',
  'Aura',
  'Rejuve',
  'Tranquil',
  'Silk Route',
  'Vedic Touch',
  'Samudra',
  'Mogra',
  'Champa',
  'Pure Bliss',
  'Urban Calm',
  'Himalayan Breeze',
];
const SECOND = ['Spa', 'Wellness Spa', 'Thai Spa', 'Day Spa', 'Ayurveda & Spa', 'Spa & Salon', 'Family Spa', 'Beauty & Spa'];

/** What other tables need to know of a spa. `snapshot` is the JSON that its certificates keep. */
export type SeededSpa = { id: number; name: string; city: City; row: RowOf<typeof SPAS>; snapshot: string };

export function makeSpas(plan: Plan): SeededSpa[] {
  return Array.from({ length: plan.spas }, (_, index) => makeSpa(index + 1, plan));
}

function makeSpa(id: number, plan: Plan): SeededSpa {
  const random = new Random(plan.seed, SPAS.name, id);
  const place = placeIn(random.pick(CITIES), random);
  const name = `${random.pick(FIRST)} ${random.pick(SECOND)}${random.chance(0.4) ? `, ${place.area}` : ''}`;
  const slug = `${name.replaceAll(/[^A-Za-z]+/g, '-').toLowerCase()}-${id}`;
  const opened = momentOf(id - 1, plan.spas, FOUNDED, CLOSED, random);
  const printed = {
    code: id % 17 === 0 ? null : 1000 + id,
    name,
    address: `${random.pick(['Shop', 'Unit', 'Ground Floor,', '1st Floor,', '2nd Floor,'])} ${random.int(1, 98)}, ${random.pick(['City Mall', 'Sai Plaza', 'Metro Arcade', 'Krishna Tower', 'Hotel Grand', 'Central Avenue'])}`,
    area: place.area,
    city: place.city.name,
    state: place.city.state,
    country: 'India',
    pincode: place.pincode,
    phoneNumber: random.chance(0.95) ? mobile(random) : null,
    email: random.chance(0.8) ? `${slug}@spas.example` : null,
    website: random.chance(0.6) ? `https://${slug}.example` : null,
    logo: random.chance(0.7) ? `/media/spas/${id}/logo.png` : null,
  };
  const { phoneNumber, ...columns } = printed;
  const row = {
    id,
    ...columns,
    phone_number: phoneNumber,
    alternate_number: random.chance(0.4) ? mobile(random) : null,
    is_active: random.chance(0.85) || id <= FIRST_SPAS,
    created_by_id: anyManager(plan, random),
    version: 1,
    created_at: timestamp(opened),
    updated_at: timestamp(opened),
  };
  return { id, name, city: place.city, row, snapshot: JSON.stringify(snapshotOf(printed)) };
}

/** A spa that was open at that moment. */
export function spaAt(moment: Moment, spas: readonly SeededSpa[], random: Random): SeededSpa {
  return spas[random.int(1, existingBy(dayOfMoment(moment), spas.length, FOUNDED, CLOSED)) - 1] as SeededSpa;
}
