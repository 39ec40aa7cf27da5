import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';
import { LRUCache } from 'lru-cache';
import proxyAddr from 'proxy-addr';
import { type MaybePromise, when } from '../batching/maybe-promise.ts';
import type { Token } from '../tokens.ts';

/** Who sends a request, as far as limits are concerned. */
export type Client = {
  /** What its requests are counted by: `user 12` for who is signed in, else the address. */
  key: string;
  /** `203.0.113.7`, or the /64 of an IPv6 address, which is one subscriber's. */
  address: string;
  isSignedIn: boolean;
  /** Of who is signed in. */
  userId?: number;
  /** Whether the address is this machine's or one of a private network, as far as one can know. */
  isPrivate: boolean;
  /** Whether a trusted proxy says that the client came by HTTPS. */
  isSecure: boolean;
};

/** For requests that came over no socket. */
export const NOBODY: Client = { key: 'nobody', address: 'nobody', isSignedIn: false, isPrivate: false, isSecure: false };

export type ClientOptions = {
  /** Addresses, CIDR ranges or `loopback`, `linklocal`, `uniquelocal`: whose X-Forwarded-For is believed. Default none. */
  trustedProxies?: readonly string[];
  /** Whose token it is; undefined for one that is not valid. */
  readToken: (header: string) => MaybePromise<Token | undefined>;
};

/** Longer texts may be addresses, with a zone for example, but nobody needs to remember them. */
const MAX_ADDRESS_LENGTH = 64;
/** What tells of a proxy beside X-Forwarded-For, which alone is believed. */
const OTHER_SIGNS = ['forwarded', 'via', 'x-real-ip', 'x-client-ip', 'true-client-ip', 'cf-connecting-ip', 'fastly-client-ip'];
/** Addresses whose bucket is remembered. */
const MAX_REMEMBERED = 10_000;

/**
 * Tells who sends a request. A forwarded address is believed only as far as each machine that has passed it on is trusted: the first
 * from the right that is not is the client. A token that is valid makes its user the client, wherever they are.
 */
export function createClientOf({ trustedProxies = [], readToken }: ClientOptions): (req: IncomingMessage) => MaybePromise<Client> {
  const trust = trustedProxies.length > 0 ? proxyAddr.compile([...trustedProxies]) : undefined;
  const known = new LRUCache<string, Place>({ max: MAX_REMEMBERED });
  const placeOf = (text: string): Place | undefined => {
    const remembered = known.get(text);
    if (remembered) return remembered;
    const place = placeOfAddress(text);
    if (place && text.length <= MAX_ADDRESS_LENGTH) known.set(text, place);
    return place;
  };

  return (req) => {
    const peer = req.socket.remoteAddress ?? '';
    const isBehindProxy = trust?.(peer, 0) ?? false;
    // What is no address was written by somebody before the first proxy that is trusted.
    const place = trust && placeOf(proxyAddr(req, trust));
    const { address, isPrivate } = place ?? placeOf(peer) ?? UNKNOWN;
    const { authorization, 'x-forwarded-for': forwardedFor, 'x-forwarded-proto': protocol } = req.headers;
    // A proxy that nobody has declared stands in front, or one that is trusted names no address that is known: the address is the
    // proxy's, and anybody may be behind it.
    const isHidden = () =>
      forwardedFor !== undefined ? !isBehindProxy || !place : OTHER_SIGNS.some((name) => req.headers[name] !== undefined);
    const anonymous: Client = {
      key: address,
      address,
      isSignedIn: false,
      isPrivate: isPrivate && !isHidden(),
      isSecure: isBehindProxy && protocol === 'https',
    };
    if (authorization === undefined) return anonymous;
    return when(readToken(authorization), (token) =>
      token ? { ...anonymous, key: `user ${token.userId}`, isSignedIn: true, userId: token.userId } : anonymous,
    );
  };
}

type Place = { address: string; isPrivate: boolean };

/** Of a connection that has ended already, or is no TCP connection. */
const UNKNOWN: Place = { address: 'unknown', isPrivate: false };
const PRIVATE_RANGES: readonly string[] = ['loopback', 'private', 'uniqueLocal', 'linkLocal'];

/** What requests from an address are counted by; undefined for what is no address. Some proxies write the port behind it. */
function placeOfAddress(text: string): Place | undefined {
  const bare = text.replace(/^\[(.*)\](:\d+)?$/, '$1').replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');
  if (!ipaddr.IPv4.isValidFourPartDecimal(bare) && !ipaddr.IPv6.isValid(bare)) return undefined;
  const address = ipaddr.process(bare);
  const isPrivate = PRIVATE_RANGES.includes(address.range());
  if (!(address instanceof ipaddr.IPv6)) return { address: address.toString(), isPrivate };
  const network = address.parts.slice(0, 4).map((part) => part.toString(16));
  return { address: `${network.join(':')}::/64`, isPrivate };
}
