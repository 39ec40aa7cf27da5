// Addresses of clients as a proxy tells them, of the network that is set apart for benchmarks (RFC 2544). All are of one length, so
// that one takes another's place in ready-made bytes.

const LEAST = 100;
const OCTETS = 256 - LEAST;

/** How many there are. */
export const ADDRESSES = 2 * OCTETS ** 2;

/**
 * From how many of them callers without pause send, each request from any. So few that the gateway remembers all, so many that none calls
 * the fields that have limits of their own as often as these allow: verifications are a tenth of the mix, and 30 a minute are let through.
 */
export const CLOSED_LOOP_ADDRESSES = 5_000;

export function addressOf(index: number): string {
  const network = 18 + (Math.floor(index / OCTETS ** 2) % 2);
  return `198.${network}.${LEAST + (Math.floor(index / OCTETS) % OCTETS)}.${LEAST + (index % OCTETS)}`;
}

/** What a proxy adds to a request from this address. */
export const proxyHeaders = (index: number): Record<string, string> => ({ 'x-forwarded-for': addressOf(index) });
