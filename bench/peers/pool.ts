// The connections of a peer: as many as Convoy has, and what every peer of the bench reads its settings with.

import pg from 'pg';

export const DATABASE_URL = process.env.DATABASE_URL ?? '';
export const POOL_SIZE = Number(process.env.POOL_SIZE ?? 10);

export const createPool = () => new pg.Pool({ connectionString: DATABASE_URL, max: POOL_SIZE, keepAlive: true });
