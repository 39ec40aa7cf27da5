// What the frontend asks, in which proportion, and with which arguments. Everything is drawn from one seed, so that each server
// is asked the same.

import type { Client } from 'pg';
import { createRandom, type Random } from './random.ts';

/** Shares of the mix, in percent. */
export const SHARES = {
  TemplateGallery: 20,
  PublicCertificates: 25,
  SpaPage: 20,
  SpaDirectory: 10,
  Me: 15,
  VerifyCertificate: 10,
} as const;

export type Operation = keyof typeof SHARES;
export const OPERATIONS = Object.keys(SHARES) as Operation[];

/** Arguments in the database's terms: each server phrases them in its own. */
export type Arguments = {
  category?: string;
  spaId?: number;
  templateId?: number;
  city?: string;
  number?: string;
  /** Who is signed in. */
  userId?: number;
  /** A cursor of the server that is asked. */
  after?: string;
};

/** Pages of one list, one behind the other; most operations have one. */
export type Walk = { operation: Operation; args: Arguments; pages: number };

const PUBLIC_PAGE = 20;
const DIRECTORY_PAGE = 20;
const DEEPEST_PAGE = 10;

/** Draws the walks. Their pages, 1,000 and more, are the distinct requests of the load. `share`: fewer of each kind, for a quick run. */
export async function drawWalks(db: Client, seed: number, share = 1): Promise<Walk[]> {
  const walks = await drawAll(db, seed);
  const kinds = Map.groupBy(walks, ({ operation }) => operation);
  return OPERATIONS.flatMap((operation) => {
    const all = kinds.get(operation) ?? [];
    return createRandom(seed).sample(all, Math.ceil(all.length * share));
  });
}

async function drawAll(db: Client, seed: number): Promise<Walk[]> {
  const random = createRandom(seed);
  const column = async <T>(text: string) => (await db.query<{ value: T }>(text)).rows.map(({ value }) => value);
  const categories = await column<string>('select unnest(enum_range(null::certificate_category))::text as value');
  const spas = await column<number>('select id as value from spas where is_active order by id');
  const users = await column<number>(`select id as value from users where role = 'USER' and is_active order by id`);
  return [
    ...[undefined, ...categories].map((category): Walk => ({ operation: 'TemplateGallery', args: { category }, pages: 1 })),
    ...(await publicWalks(db, random, categories, spas)),
    ...random.sample(spas, 200).map((spaId): Walk => ({ operation: 'SpaPage', args: { spaId }, pages: 1 })),
    ...(await directoryWalks(db, random)),
    ...random.sample(users, 300).map((userId): Walk => ({ operation: 'Me', args: { userId }, pages: 1 })),
    ...(await numbers(db, random)).map((number): Walk => ({ operation: 'VerifyCertificate', args: { number }, pages: 1 })),
  ];
}

async function publicWalks(db: Client, random: Random, categories: string[], spas: number[]): Promise<Walk[]> {
  const templates = await db.query<{ id: number }>('select id from certificate_templates where is_active and is_public order by id');
  const templateIds = random.sample(templates.rows, 15).map(({ id }) => id);
  const filters: Arguments[] = [
    {},
    ...categories.map((category) => ({ category })),
    ...random.sample(spas, 30).map((spaId) => ({ spaId })),
    ...templateIds.map((templateId) => ({ templateId })),
  ];
  const walks: Walk[] = [];
  for (const args of filters) {
    const { rows } = await db.query<{ count: number }>(
      `select count(*)::int4 as count from certificates where is_public and ($1::text is null or category::text = $1)
         and ($2::int4 is null or spa_id = $2) and ($3::int4 is null or template_id = $3)`,
      [args.category, args.spaId, args.templateId],
    );
    const pages = Math.max(1, Math.ceil((rows[0]?.count ?? 0) / PUBLIC_PAGE));
    walks.push({ operation: 'PublicCertificates', args, pages: Math.min(pages, DEEPEST_PAGE) });
  }
  return walks;
}

async function directoryWalks(db: Client, random: Random): Promise<Walk[]> {
  const { rows } = await db.query<{ city: string; count: number }>(
    'select city, count(*)::int4 as count from spas where is_active and city is not null group by city order by city',
  );
  const all = rows.reduce((sum, { count }) => sum + count, 0);
  return [
    { operation: 'SpaDirectory', args: {}, pages: Math.min(DEEPEST_PAGE, Math.ceil(all / DIRECTORY_PAGE)) },
    ...random.sample(rows, 20).map(({ city }): Walk => ({ operation: 'SpaDirectory', args: { city }, pages: 1 })),
  ];
}

/** Public ones mostly; a tenth each is private or unknown, and reads as null. */
async function numbers(db: Client, random: Random): Promise<string[]> {
  const draw = async (isPublic: boolean, count: number) => {
    const { rows } = await db.query<{ min: number; max: number }>('select min(id), max(id) from certificates');
    const { min = 1, max = 1 } = rows[0] ?? {};
    const ids = Array.from({ length: count * 10 }, () => min + random.below(max - min + 1));
    const found = await db.query<{ number: string }>(
      'select number from certificates where id = any($1) and is_public = $2 order by id limit $3',
      [ids, isPublic, count],
    );
    return found.rows.map(({ number }) => number);
  };
  const unknown = Array.from({ length: 20 }, (_, i) => `INV-1999-${String(i).padStart(7, '0')}`);
  return [...(await draw(true, 160)), ...(await draw(false, 20)), ...unknown];
}
