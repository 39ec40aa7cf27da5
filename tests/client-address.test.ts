// Whom a request is from, as far as limits are concerned: behind proxies, and past those who lie.

import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { type Client, createClientOf } from '../src/http/client.ts';
import { onlyRates, remainingIn } from './support/protection.ts';
import { answersIn, bytesOf, exchange } from './support/raw-http.ts';
import { anApp } from './support/world.ts';

type Asked = { peer?: string; trusted?: string[]; headers?: Record<string, string> };

/** The client of a request from `peer`. */
function clientOf({ peer = '203.0.113.1', trusted = [], headers = {} }: Asked): Client {
  const read = createClientOf({ trustedProxies: trusted, readToken: () => undefined });
  return read({ socket: { remoteAddress: peer }, connection: { remoteAddress: peer }, headers } as never as IncomingMessage) as Client;
}
const behind = (trusted: string[], peer: string, forwarded: string) =>
  clientOf({ peer, trusted, headers: { 'x-forwarded-for': forwarded } }).address;

test.each([
  ['203.0.113.1', '203.0.113.1'],
  ['::ffff:203.0.113.1', '203.0.113.1'],
  ['::ffff:cb00:7101', '203.0.113.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('requests from %s count as %s', (peer, address) => {
  expect(clientOf({ peer })).toMatchObject({ address, key: address, isSignedIn: false });
});

test('addresses of one /64 are one client, and those of two are two', () => {
  const of = (peer: string) => clientOf({ peer }).key;
  expect(of('2001:db8:1:2:ffff::1')).toBe(of('2001:db8:1:2::2'));
  expect(of('2001:db8:1:3::2')).not.toBe(of('2001:db8:1:2::2'));
  expect(of('2001:db8:1:2::')).not.toBe(of('2001:db8:12::'));
});

test('without a proxy that is trusted, what a client says of its address counts for nothing', () => {
  for (const forwarded of ['198.51.100.7', '127.0.0.1', '10.0.0.1, 198.51.100.7', 'unknown', ''])
    expect([forwarded, behind([], '203.0.113.1', forwarded)]).toEqual([forwarded, '203.0.113.1']);
  // Somebody else than the proxy.
  expect(behind(['10.0.0.1'], '203.0.113.1', '198.51.100.7')).toBe('203.0.113.1');
});

test.each([
  ['an address', ['10.0.0.1'], '10.0.0.1', '10.0.0.2'],
  ['a range', ['10.0.0.0/8'], '10.255.0.1', '11.0.0.1'],
  ['a name', ['loopback'], '127.0.0.1', '128.0.0.1'],
  ['a name, over IPv6', ['loopback'], '::1', '::2'],
  ['an address that comes mapped', ['10.0.0.1'], '::ffff:10.0.0.1', '::ffff:10.0.0.2'],
  ['a range of IPv6', ['2001:db8:aaaa::/48'], '2001:db8:aaaa:1::1', '2001:db8:aaab::1'],
  ['one of several', ['192.0.2.1', 'uniquelocal'], '172.16.5.5', '172.32.0.1'],
  ['a name, linklocal', ['linklocal'], '169.254.1.1', '169.253.1.1'],
])('%s may be trusted, and what is beside it is not', (_, trusted, inside, outside) => {
  expect(behind(trusted, inside, '198.51.100.7')).toBe('198.51.100.7');
  expect(behind(trusted, outside, '198.51.100.7')).not.toBe('198.51.100.7');
});

test.each([
  ['one proxy', '198.51.100.7', '198.51.100.7'],
  ['two of them', '198.51.100.7, 10.0.0.2', '198.51.100.7'],
  ['a client that lies', '1.1.1.1, 198.51.100.7', '198.51.100.7'],
  ['a client that lies about a proxy', '1.1.1.1, 10.0.0.9, 198.51.100.7, 10.0.0.2', '198.51.100.7'],
  ['a client that takes itself for this machine', '127.0.0.1, 198.51.100.7', '198.51.100.7'],
  ['spaces and none', '1.1.1.1,198.51.100.7  ,10.0.0.2', '198.51.100.7'],
  ['IPv6', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['a mapped address', '::ffff:198.51.100.7', '198.51.100.7'],
  ['a port', '198.51.100.7:51234', '198.51.100.7'],
  ['IPv6 in brackets', '[2001:db8:1:2::5]', '2001:db8:1:2::/64'],
  ['IPv6 in brackets with a port', '[2001:db8:1:2::5]:51234', '2001:db8:1:2::/64'],
  ['proxies alone', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
  ['nothing', '', '10.0.0.1'],
])('behind trusted proxies, with %s: %s', (_, forwarded, address) => {
  expect(behind(['10.0.0.0/8'], '10.0.0.1', forwarded)).toBe(address);
});

test.each(['unknown', '_hidden', '198.51.100', '1.1.1.1.1', '999.1.1.1', 'x'.repeat(80), "'; drop", '1.1.1.1, garbage', ':::'])(
  'what is no address, %j, is nobody: its requests count together, for the proxy that has passed it on',
  (forwarded) => {
    const { address, key, isPrivate } = clientOf({ peer: '10.0.0.1', trusted: ['10.0.0.1'], headers: { 'x-forwarded-for': forwarded } });
    expect([address, key]).toEqual(['10.0.0.1', '10.0.0.1']);
    // Whoever it is, it is not the proxy that asks.
    expect(isPrivate).toBe(false);
  },
);

test('a number is no address, though some programs read it as one', () => {
  for (const forwarded of ['2130706433', '0x7f.1', '127.1', '0177.0.0.1', '1'])
    expect([forwarded, clientOf({ peer: '10.0.0.1', trusted: ['10.0.0.1'], headers: { 'x-forwarded-for': forwarded } }).isPrivate]).toEqual(
      [forwarded, false],
    );
});

test('however many addresses a client makes up, each is told apart', () => {
  const read = createClientOf({ trustedProxies: ['10.0.0.1'], readToken: () => undefined });
  const keys = new Set<string>();
  for (let i = 0; i < 25_000; i++) {
    const headers = { 'x-forwarded-for': `198.${i >> 16}.${(i >> 8) & 255}.${i & 255}` };
    keys.add((read({ socket: { remoteAddress: '10.0.0.1' }, connection: {}, headers } as never) as Client).key);
  }
  expect(keys.size).toBe(25_000);
});

test.each([
  ['127.0.0.1', true],
  ['::1', true],
  ['10.1.2.3', true],
  ['172.31.0.1', true],
  ['192.168.0.1', true],
  ['169.254.0.1', true],
  ['fd00::1', true],
  ['fe80::1', true],
  ['::ffff:127.0.0.1', true],
  ['203.0.113.1', false],
  ['172.32.0.1', false],
  ['100.64.0.1', false],
  ['2001:db8::1', false],
  ['0.0.0.0', false],
])('whether %s is private: %s', (peer, isPrivate) => {
  expect(clientOf({ peer }).isPrivate).toBe(isPrivate);
});

test('behind a proxy that nobody has declared, nobody is private', () => {
  for (const headers of [
    { 'x-forwarded-for': '10.0.0.5' },
    { 'x-forwarded-for': '' },
    { forwarded: 'for=10.0.0.5' },
    { 'x-real-ip': '10.0.0.5' },
    { 'cf-connecting-ip': '10.0.0.5' },
    { via: '1.1 proxy' },
  ] as Record<string, string>[])
    expect([headers, clientOf({ peer: '127.0.0.1', headers }).isPrivate]).toEqual([headers, false]);
});

test('behind a trusted proxy, whoever comes from a private network is private, and nobody else', () => {
  const isPrivate = (headers: Record<string, string>) => clientOf({ peer: '127.0.0.1', trusted: ['loopback'], headers }).isPrivate;
  expect(isPrivate({ 'x-forwarded-for': '10.0.0.5' })).toBe(true);
  expect(isPrivate({ 'x-forwarded-for': '198.51.100.7' })).toBe(false);
  expect(isPrivate({ 'x-forwarded-for': '10.0.0.5, 198.51.100.7' })).toBe(false);
  // Only X-Forwarded-For is read: one that says it otherwise hides who asks.
  expect(isPrivate({ forwarded: 'for=198.51.100.7' })).toBe(false);
  expect(isPrivate({ 'x-real-ip': '198.51.100.7' })).toBe(false);
  expect(isPrivate({ 'x-forwarded-for': '10.0.0.5', 'x-real-ip': '198.51.100.7', via: '1.1 proxy' })).toBe(true);
  // Without any sign of a client behind it, it is the proxy that asks.
  expect(isPrivate({})).toBe(true);
});

test('only a trusted proxy says that a client came by HTTPS, and the answer then says so for a year', async () => {
  const secure = (trusted: string[], protocol: string) =>
    clientOf({ peer: '10.0.0.1', trusted, headers: { 'x-forwarded-proto': protocol } }).isSecure;
  expect([secure(['10.0.0.1'], 'https'), secure(['10.0.0.1'], 'http'), secure([], 'https'), secure(['10.0.0.2'], 'https')]).toEqual([
    true,
    false,
    false,
    false,
  ]);
  for (const [trustedProxies, value] of [
    [['loopback'], 'max-age=31536000'],
    [[], null],
  ] as const) {
    const { url, send } = await anApp({ isSeeded: false, protection: { trustedProxies } });
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '198.51.100.7' };
    const answers = [
      await send({ query: '{ __typename }' }, { headers }),
      await send('{', { headers }),
      await fetch(url, { headers, method: 'PUT' }),
    ];
    expect(answers.map((answer) => answer.headers.get('strict-transport-security'))).toEqual([value, value, value]);
  }
});

test('over a socket, several headers of one name are one list, and its last client counts', async () => {
  const { url, send } = await anApp({ isSeeded: false, protection: { modes: onlyRates('requests'), trustedProxies: ['loopback'] } });
  const port = Number(new URL(url).port);
  const bytes = bytesOf({ body: JSON.stringify({ query: '{ __typename }' }) }).toString();
  for (let i = 0; i < 3; i++) {
    const lied = bytes.replace('\r\n\r\n', `\r\nX-Forwarded-For: 1.1.1.${i}\r\nX-Forwarded-For: 198.51.100.7\r\n\r\n`);
    const [answer] = answersIn(await exchange(port, Buffer.from(lied)));
    expect(answer?.headers['x-ratelimit-remaining']).toBe(String(59 - i));
  }
  const headers = { 'x-forwarded-for': '198.51.100.7' };
  expect(remainingIn((await send({ query: '{ __typename }' }, { headers })).headers).minute).toBe(56);
});
