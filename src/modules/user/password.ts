import { hash, parseOptions, verify } from '@node-rs/argon2';
import { normalSecret } from '../../gateway/data/normal-forms.ts';

// argon2id is the library's default. OWASP's recommendation for it (Password Storage Cheat Sheet): 19 MiB, 2 passes, 1 lane.
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

// A hash says how much work it is. What other systems use by default is within this: 64 MiB with 4 passes is PHP's.
const MAX_MEMORY_KIB = 65_536;
const MAX_WORK_KIB = 4 * MAX_MEMORY_KIB;
const MAX_LANES = 16;
/** Of the hash itself, and of its salt. */
const MAX_BYTES = 128;

/** Hashes the normal form to PHC format. `salt`: 16 bytes or more, random by default; only the demo data gives one, to be the same each time. */
export function hashPassword(password: string, salt?: Uint8Array): Promise<string> {
  return hash(normalSecret(password), salt === undefined ? PARAMETERS : { ...PARAMETERS, salt });
}

let nobodysHash: Promise<string> | undefined;

/** `unreadable`: the stored hash is none of argon2, or asks for more work than a sign-in may cost. Nobody knows its password. */
export type PasswordVerdict = 'fits' | 'wrong' | 'unreadable';

/**
 * Compares a password with a stored hash. Without a hash (an unknown user) or with one that cannot be read, it does the work of a hash
 * with this gateway's parameters and does not fit; an imported hash takes the work of its own. Older hashes are of passwords as they
 * were typed: that is tried after the normal form, where the two differ, for every user.
 */
export async function verifyPassword(passwordHash: string | undefined, password: string): Promise<PasswordVerdict> {
  nobodysHash ??= hashPassword('nobody has this password');
  const nobodys = await nobodysHash;
  let isReadable = passwordHash !== undefined && isBounded(passwordHash);
  for (const spelling of new Set([normalSecret(password), password])) {
    if (passwordHash !== undefined && isReadable) {
      const fits = await verify(passwordHash, spelling).catch(() => undefined);
      if (fits) return 'fits';
      isReadable = fits !== undefined;
    }
    if (passwordHash === undefined || !isReadable) await verify(nobodys, spelling);
  }
  return passwordHash === undefined || isReadable ? 'wrong' : 'unreadable';
}

/** Whether a hash is one of argon2, in PHC format, and its work is bounded. */
function isBounded(passwordHash: string): boolean {
  try {
    const { memoryCost, timeCost, parallelism, outputLen, saltLen } = parseOptions(passwordHash);
    const isWorkBounded = memoryCost <= MAX_MEMORY_KIB && memoryCost * timeCost <= MAX_WORK_KIB && parallelism <= MAX_LANES;
    return isWorkBounded && outputLen <= MAX_BYTES && saltLen <= MAX_BYTES;
  } catch {
    return false;
  }
}
