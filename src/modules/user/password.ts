import { hash, verify } from '@node-rs/argon2';

// argon2id is the library's default. OWASP's recommendation for it (Password Storage Cheat Sheet): 19 MiB, 2 passes, 1 lane.
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Hashes to PHC format. `salt`: 16 bytes or more, random by default; only the demo data gives one, to be the same each time. */
export function hashPassword(password: string, salt?: Uint8Array): Promise<string> {
  return hash(password, salt === undefined ? PARAMETERS : { ...PARAMETERS, salt });
}

let nobodysHash: Promise<string> | undefined;

/** Whether the password fits. Without a hash (an unknown user) it takes the same time and is false. */
export async function verifyPassword(passwordHash: string | undefined, password: string): Promise<boolean> {
  nobodysHash ??= hashPassword('nobody has this password');
  return (await verify(passwordHash ?? (await nobodysHash), password)) && passwordHash !== undefined;
}
