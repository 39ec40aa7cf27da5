// What there is to see, as the gateway itself tells: so the load needs no database, and fits whatever demo data there is.

import { demoPassword, demoSignIns } from '../../prisma/seed/demo.ts';
import type { Role } from '../../src/generated/prisma/enums.ts';
import { ADDRESSES, proxyHeaders } from '../load/addresses.ts';
import type { Random } from '../load/random.ts';
import { LoadError } from './load-error.ts';
import type { UserKind } from './screens.ts';

export type Account = { username: string; kind: Exclude<UserKind, 'visitor'> };

export type World = {
  categories: readonly string[];
  spaIds: readonly string[];
  cities: readonly string[];
  templateIds: readonly string[];
  offerTemplateIds: readonly string[];
  /** Numbers of public certificates. */
  numbers: readonly string[];
};

const PAGE = 100;
const MAX_PAGES = 10;
/** Spas whose certificates are verified. */
const SPAS_WITH_NUMBERS = 30;

/** Addresses that are no user's: the last ones. */
export const RESERVED_ADDRESSES = 3000;

/** Asks as somebody else each time, and as no user, so that nobody has used up anything when the users come. */
export function createQuestions(url: URL) {
  let asked = 0;
  return async function ask<T>(query: string, variables: object = {}, token?: string): Promise<T> {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...proxyHeaders(ADDRESSES - 1 - (asked++ % 1000)),
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      body: JSON.stringify({ query, variables }),
    }).catch((error) => {
      throw new LoadError(`Nothing answers at ${url} (${error.cause?.code ?? error.message}). Start the gateway, or check --url.`);
    });
    const answer = (await response.json().catch(() => undefined)) as { data?: T; errors?: { message: string }[] } | undefined;
    if (!answer?.data || answer.errors)
      throw new LoadError(`The gateway at ${url} answers ${response.status}: ${answer?.errors?.[0]?.message ?? 'this is no GraphQL.'}`);
    return answer.data;
  };
}

export type Ask = ReturnType<typeof createQuestions>;

type Page<T> = { nodes: T[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };

async function all<T>(load: (after: string | null) => Promise<Page<T>>, wanted = MAX_PAGES * PAGE): Promise<T[]> {
  const found: T[] = [];
  for (let after: string | null = null; found.length < wanted; ) {
    const { nodes, pageInfo }: Page<T> = await load(after);
    found.push(...nodes);
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
  }
  return found.slice(0, wanted);
}

export async function loadWorld(ask: Ask, random: Random): Promise<World> {
  const spas = await all(async (after) => {
    const query = `query Spas($after: String) { list: spas(first: ${PAGE}, after: $after, filter: { isActive: true }) {
      nodes { id city } pageInfo { hasNextPage endCursor } } }`;
    return (await ask<{ list: Page<{ id: string; city: string | null }> }>(query, { after })).list;
  });
  const { templates } = await ask<{ templates: { nodes: { id: string; category: string }[] } }>(
    `query Templates { templates(first: ${PAGE}) { nodes { id category } } }`,
  );
  const numbersOf = `query Numbers($spaId: ID!) { publicCertificates(first: 50, filter: { spaId: $spaId }) { nodes { number } } }`;
  const numbers: string[] = [];
  for (const { id } of random.sample(spas, SPAS_WITH_NUMBERS)) {
    const { publicCertificates } = await ask<{ publicCertificates: { nodes: { number: string }[] } }>(numbersOf, { spaId: id });
    numbers.push(...publicCertificates.nodes.map(({ number }) => number));
  }
  const world = {
    categories: [...new Set(templates.nodes.map(({ category }) => category))],
    spaIds: spas.map(({ id }) => id),
    cities: [...new Set(spas.flatMap(({ city }) => city ?? []))],
    templateIds: templates.nodes.map(({ id }) => id),
    offerTemplateIds: templates.nodes.filter(({ category }) => category === 'OFFER_LETTER').map(({ id }) => id),
    numbers,
  };
  const missing = Object.entries(world).find(([, items]) => items.length === 0)?.[0];
  if (missing) throw new LoadError(`The gateway has no demo data: nothing was found for ${missing}. Load it with npm run db:seed.`);
  return world;
}

/** Of 100 users who have an account, how many are of each kind. */
const SHARES: readonly { kind: Account['kind']; roles: readonly Role[]; share: number }[] = [
  { kind: 'admin', roles: ['ADMIN', 'SUPER_ADMIN'], share: 2 },
  { kind: 'staff', roles: ['SPA_MANAGER', 'HR'], share: 8 },
  { kind: 'member', roles: ['USER'], share: 90 },
];

/** Signs in, as the tests of the gateway do: the demo's admin, who sees the users. */
const ADMIN = demoSignIns.find(({ role }) => role === 'ADMIN')?.username;

/**
 * Accounts of the demo for so many users, no two with the same one, because an account has limits of its own. There are fewer where the
 * demo data are small, and none where the gateway has other data.
 */
export async function loadAccounts(ask: Ask, wanted: number, random: Random): Promise<Account[]> {
  const token = await signInAsAdmin(ask);
  if (token === undefined || wanted === 0) return [];
  const query = `query Accounts($role: Role!, $after: String) { list: users(first: ${PAGE}, after: $after, filter: { role: $role, isActive: true }) {
    nodes { username } pageInfo { hasNextPage endCursor } } }`;
  const accounts: Account[] = [];
  for (const { kind, roles, share } of SHARES) {
    const ofKind = Math.ceil((wanted * share) / 100);
    const found: string[] = [];
    for (const role of roles) {
      const users = await all(
        async (after) => (await ask<{ list: Page<{ username: string }> }>(query, { role, after }, token)).list,
        Math.max(0, ofKind - found.length) + 1,
      );
      found.push(...users.map(({ username }) => username).filter((username) => username !== ADMIN));
    }
    accounts.push(...found.slice(0, ofKind).map((username) => ({ kind, username })));
  }
  return random.sample(accounts, wanted);
}

async function signInAsAdmin(ask: Ask): Promise<string | undefined> {
  const signIn = 'mutation SignIn($input: SignInInput!) { signIn(input: $input) { token } }';
  const input = { usernameOrEmail: ADMIN, password: demoPassword };
  const answer = await ask<{ signIn: { token: string } }>(signIn, { input }).catch(() => undefined);
  return answer?.signIn.token;
}
