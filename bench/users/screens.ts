// The screens of the frontend, how often each kind of user opens them, and what each asks for. An address has no more than the gateway's
// limits: nobody opens anything as often as they allow, but for whoever thinks for less than a second.

import type { Random } from '../load/random.ts';
import type { World } from './world.ts';

/** `member`: who is signed in and has no further role; `staff`: managers and HR; `admin`: admins. */
export type UserKind = 'visitor' | 'member' | 'staff' | 'admin';

/** What a user has seen that the next screen depends on. */
export type Memory = {
  random: Random;
  world: World;
  /** Tells the users apart. */
  ownId: number;
  /** The list of each screen that was seen last, and the cursor of its end where there is more. */
  lists: Map<string, { variables: object; endCursor?: string }>;
};

export type Screen = {
  /** Of the operation in src/modules/examples.graphql. */
  name: string;
  /** How many of 100 screens of each kind it is; 0 where it is not there. */
  shares: Partial<Record<UserKind, number>>;
  /** What changes something is never sent twice. */
  isWrite?: boolean;
  /** The least time between two of a user, in milliseconds: nobody applies for work twice a minute. */
  restMs?: number;
  variables: (memory: Memory) => object;
};

/** Of 100 times, how often somebody goes on to the next page of a list. */
const NEXT_PAGE = 30;

export const SCREENS: readonly Screen[] = [
  {
    name: 'TemplateGallery',
    shares: { visitor: 15, member: 12, staff: 4, admin: 4 },
    variables: ({ random, world }) => ({ filter: chance(random, 60) ? { category: pick(random, world.categories) } : undefined }),
  },
  {
    name: 'PublicCertificates',
    shares: { visitor: 26, member: 16, staff: 8, admin: 6 },
    variables: nextPageOr('PublicCertificates', ({ random, world }) => {
      if (chance(random, 40)) return {};
      if (chance(random, 60)) return { filter: { category: pick(random, world.categories) } };
      return { filter: chance(random, 70) ? { spaId: pick(random, world.spaIds) } : { templateId: pick(random, world.templateIds) } };
    }),
  },
  {
    name: 'VerifyCertificate',
    shares: { visitor: 12, member: 6, staff: 10, admin: 6 },
    // One of ten is mistyped, and nothing is found.
    variables: ({ random, world }) => ({
      number: chance(random, 90) ? pick(random, world.numbers) : `INV-1999-${String(random.below(1e7)).padStart(7, '0')}`,
    }),
  },
  {
    name: 'SpaDirectory',
    shares: { visitor: 13, member: 8, staff: 8, admin: 10 },
    variables: nextPageOr('SpaDirectory', ({ random, world }) => ({
      filter: chance(random, 50) ? { city: pick(random, world.cities) } : undefined,
    })),
  },
  {
    name: 'SpaPage',
    shares: { visitor: 22, member: 14, staff: 14, admin: 14 },
    variables: ({ random, world }) => ({ id: pick(random, world.spaIds) }),
  },
  {
    name: 'JobBoard',
    shares: { visitor: 12, member: 10, staff: 6, admin: 4 },
    variables: nextPageOr('JobBoard', ({ random, world }) => ({
      filter: chance(random, 50) ? { city: pick(random, world.cities) } : undefined,
    })),
  },
  { name: 'Me', shares: { member: 32, staff: 20, admin: 12 }, variables: () => ({}) },
  { name: 'CandidateInbox', shares: { staff: 28, admin: 14 }, variables: nextPageOr('CandidateInbox', () => ({})) },
  { name: 'Dashboard', shares: { admin: 12 }, variables: () => ({}) },
  { name: 'AdminUsers', shares: { admin: 17 }, variables: nextPageOr('AdminUsers', () => ({})) },
  {
    name: 'IssueCertificate',
    shares: { member: 1, staff: 2, admin: 1 },
    isWrite: true,
    restMs: 20_000,
    variables: ({ random, world, ownId }) => ({
      input: {
        templateId: pick(random, world.offerTemplateIds),
        spaId: pick(random, world.spaIds),
        holderName: `Asha Rao ${ownId}`,
        isPublic: chance(random, 80),
        details: { offerLetter: { position: 'Therapist', startDate: '2026-04-01', salary: '18000' } },
      },
    }),
  },
  {
    name: 'SubmitCandidateForm',
    shares: { member: 1 },
    isWrite: true,
    restMs: 60_000,
    variables: ({ random, world, ownId }) => ({
      input: {
        spaId: pick(random, world.spaIds),
        firstName: 'Asha',
        lastName: `Rao ${ownId}`,
        currentAddress: '12 Lake Road',
        city: 'Pune',
        state: 'Maharashtra',
        zipCode: '411001',
        phoneNumber: '9876543210',
        age: 27,
        workExperience: 'Three years at a day spa',
        therapistExperience: 'Two years of Swedish massage',
        positionAppliedFor: 'Therapist',
      },
    }),
  },
];

/** Whoever has an account opens it now and then; it is no share of the others, because a session decides about it. */
export const SIGN_IN = 'SignIn';

const KINDS: readonly UserKind[] = ['visitor', 'member', 'staff', 'admin'];

const BY_KIND = Object.fromEntries(
  KINDS.map((kind) => [kind, SCREENS.flatMap((screen) => Array<Screen>(screen.shares[kind] ?? 0).fill(screen))]),
) as Record<UserKind, Screen[]>;

/** The screen that a user of a kind opens next. */
export const chooseScreen = (kind: UserKind, random: Random): Screen => pick(random, BY_KIND[kind]);

/** The first page of what `first` draws, or the page behind the one that was seen last. */
function nextPageOr(name: string, first: (memory: Memory) => { filter?: object }): (memory: Memory) => object {
  return (memory) => {
    const seen = memory.lists.get(name);
    if (seen?.endCursor !== undefined && chance(memory.random, NEXT_PAGE)) return { ...seen.variables, after: seen.endCursor };
    const variables = first(memory);
    memory.lists.set(name, { variables });
    return variables;
  };
}

const chance = (random: Random, percent: number): boolean => random.below(100) < percent;

function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[random.below(items.length)];
  if (item === undefined) throw new Error('There is nothing to pick from.');
  return item;
}
