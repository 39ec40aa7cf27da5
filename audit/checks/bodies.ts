// Bodies that are too large, or become so, or cannot be read.

import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { times } from '../ask.ts';
import type { Check, Settings } from '../check.ts';
import type { Sent } from '../client.ts';
import { type Attack, attackOf } from './attack.ts';

const ORDINARY = JSON.stringify({ query: '{ __typename }' });
const TOO_LARGE = '413 PAYLOAD_TOO_LARGE';
const MAX_BYTES = 1_000_000;
const BATCHES: Settings = { RATE_LIMIT_ENABLED: 'false', MAX_BATCH: '10' };

/** An operation of so many bytes. */
const sized = (bytes: number) => ORDINARY.padEnd(bytes, ' ');
const encoded = (encoding: string, body: Buffer | string, rest: Sent = {}): Sent => ({
  ...rest,
  body,
  headers: { 'content-encoding': encoding },
});
const MEBIBYTES_64 = 2 ** 26;
const zeros = (bytes: number) => Buffer.alloc(bytes);
const fast = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };

const attacks: readonly Attack[] = [
  { name: '1,000,000 bytes', tried: 'a body of that length', expected: '200', sent: () => ({ body: sized(MAX_BYTES) }) },
  { name: '1,000,001 bytes', tried: 'a body of that length', expected: TOO_LARGE, sent: () => ({ body: sized(MAX_BYTES + 1) }) },
  {
    name: '1,000,001 bytes that are announced',
    tried: 'the head of a request with that Content-Length, and nothing of its body',
    expected: TOO_LARGE,
    sent: () => ({ headers: { 'content-length': String(MAX_BYTES + 1) } }),
  },
  {
    name: '1,000,001 bytes in chunks',
    tried: 'a body without a length',
    expected: TOO_LARGE,
    sent: () => ({ body: sized(MAX_BYTES + 1), isChunked: true }),
  },
  {
    name: 'a gibibyte of zeros in gzip',
    tried: 'one megabyte that becomes a gibibyte',
    expected: TOO_LARGE,
    // A file of gzip may have several parts.
    sent: () => encoded('gzip', Buffer.concat(Array(16).fill(gzipSync(zeros(MEBIBYTES_64), { level: 9 }))), { isChunked: true }),
  },
  {
    name: '64 MiB of zeros in deflate',
    tried: '65 KB that become 64 MiB',
    expected: TOO_LARGE,
    sent: () => encoded('deflate', deflateSync(zeros(MEBIBYTES_64))),
  },
  {
    name: '64 MiB of zeros in Brotli',
    tried: 'a few bytes that become 64 MiB',
    expected: TOO_LARGE,
    sent: () => encoded('br', brotliCompressSync(zeros(MEBIBYTES_64), fast)),
  },
  { name: 'gzip', tried: 'an operation in gzip', expected: '200', sent: () => encoded('gzip', gzipSync(ORDINARY)) },
  { name: 'deflate', tried: 'an operation in deflate', expected: '200', sent: () => encoded('deflate', deflateSync(ORDINARY)) },
  { name: 'Brotli', tried: 'an operation in Brotli', expected: '200', sent: () => encoded('br', brotliCompressSync(ORDINARY)) },
  {
    name: 'gzip that is cut off',
    tried: 'the first half of one',
    expected: '400 BAD_REQUEST',
    sent: () => encoded('gzip', gzipSync(sized(5000)).subarray(0, 40)),
  },
  { name: 'gzip that is none', tried: 'JSON that calls itself gzip', expected: '400 BAD_REQUEST', sent: () => encoded('gzip', ORDINARY) },
  {
    name: 'an encoding that is not known',
    tried: 'Content-Encoding: lz4',
    expected: '415 UNSUPPORTED_MEDIA_TYPE',
    sent: () => encoded('lz4', ORDINARY),
  },
  {
    name: 'encodings one upon the other',
    tried: 'Content-Encoding: gzip, gzip',
    expected: '415 UNSUPPORTED_MEDIA_TYPE',
    sent: () => encoded('gzip, gzip', gzipSync(gzipSync(ORDINARY))),
  },
  {
    name: 'an encoding named like a part of every object',
    tried: 'Content-Encoding: constructor',
    expected: '415 UNSUPPORTED_MEDIA_TYPE',
    sent: () => encoded('constructor', ORDINARY),
  },
  {
    name: 'several operations at once',
    tried: 'two operations in an array, where one is allowed',
    expected: '400 BAD_REQUEST',
    sent: () => ({ body: `[${ORDINARY},${ORDINARY}]` }),
  },
  {
    name: 'more operations than allowed',
    tried: '11 operations in an array, where 10 are allowed',
    expected: ['400 BAD_REQUEST', TOO_LARGE],
    settings: BATCHES,
    sent: () => ({ body: `[${times(11, () => ORDINARY).join()}]` }),
  },
];

export const bodies: readonly Check[] = attacks.map(attackOf('bodies'));
