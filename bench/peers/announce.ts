import type { AddressInfo } from 'node:net';

/** Tells the bench where the peer listens. */
export function announce(address: AddressInfo | string | null): void {
  if (typeof address !== 'object' || address === null) throw new Error('The peer listens nowhere.');
  console.log(`GraphQL http://127.0.0.1:${address.port}/graphql`);
}
