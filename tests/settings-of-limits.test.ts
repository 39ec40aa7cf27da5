// Settings of the protection: what each may be, and that a bad one is named.

import { expect, test } from 'vitest';
import { type Config, loadConfig } from '../src/config.ts';
import { createLimits, LIMITS, type LimitName } from '../src/limits/limits.ts';

/** What a start with these settings says; undefined where it goes on. */
function complaint(settings: Record<string, string>): string | undefined {
  try {
    loadConfig(settings);
    return undefined;
  } catch (error) {
    expect((error as Error).name).toBe('StartError');
    return (error as Error).message;
  }
}

const modesOf = (LIMIT_MODES: string, more: Record<string, string> = {}) => {
  const { limitModes: modes } = loadConfig({ LIMIT_MODES, ...more });
  const limits = createLimits({ modes });
  return Object.fromEntries((Object.keys(LIMITS) as LimitName[]).map((limit) => [limit, limits.modeOf(limit)]));
};
const all = (mode: string) => Object.fromEntries(Object.keys(LIMITS).map((limit) => [limit, mode]));

test('modes are for all limits, for some by name, or both in any order', () => {
  expect(modesOf('')).toEqual(all('enforce'));
  for (const mode of ['off', 'watch', 'enforce']) expect(modesOf(mode)).toEqual(all(mode));
  expect(modesOf('watch,body:enforce')).toEqual({ ...all('watch'), body: 'enforce' });
  expect(modesOf('body:enforce,watch')).toEqual({ ...all('watch'), body: 'enforce' });
  expect(modesOf('depth:off, aliases:watch')).toEqual({ ...all('enforce'), depth: 'off', aliases: 'watch' });
  for (const limit of Object.keys(LIMITS)) expect(modesOf(`${limit}:off`)).toEqual({ ...all('enforce'), [limit]: 'off' });
});

test.each([
  'on',
  'Watch',
  'watch,',
  ',',
  'watch;off',
  'depth',
  'depth:',
  'depth:on',
  ':off',
  'depths:off',
  'constructor:off',
  'depth=off',
  'depth:off:enforce',
  'off depth:watch',
])('the modes %j are refused by name', (LIMIT_MODES) => {
  expect(complaint({ LIMIT_MODES })).toMatch(/^ {2}LIMIT_MODES: off, watch or enforce/m);
});

test('rates that are not limited at all are off, whatever the modes say, and the other limits stay', () => {
  expect(modesOf('requests:enforce,depth:watch', { RATE_LIMIT_ENABLED: 'false' })).toEqual({
    ...all('enforce'),
    requests: 'off',
    points: 'off',
    fields: 'off',
    depth: 'watch',
  });
  expect(complaint({ RATE_LIMIT_ENABLED: 'no' })).toContain('RATE_LIMIT_ENABLED: true or false');
});

test('trusted proxies are addresses, ranges and names', () => {
  const proxies = (TRUSTED_PROXIES: string) => loadConfig({ TRUSTED_PROXIES }).trustedProxies;
  expect(proxies('')).toEqual([]);
  expect(proxies('10.0.0.0/8, loopback ,::1,2001:db8::/32,192.0.2.1')).toEqual([
    '10.0.0.0/8',
    'loopback',
    '::1',
    '2001:db8::/32',
    '192.0.2.1',
  ]);
});

test.each([
  'proxy.example',
  '10.0.0.0/33',
  '10.0.0',
  '*',
  'true',
  '10.0.0.1 10.0.0.2',
  '10.0.0.1,nonsense',
  '::1/129',
  '10.0.0.1/x',
  'Loopback2',
])('the proxies %j are refused by name', (TRUSTED_PROXIES) => {
  expect(complaint({ TRUSTED_PROXIES })).toMatch(/^ {2}TRUSTED_PROXIES: addresses, ranges/m);
});

test.each(['https://a.example/', 'HTTPS://a.example', 'https://a.example:443', '*', 'a.example'])(
  'the origin %j, which no browser sends, is refused by name',
  (origin) => {
    expect(complaint({ CORS_ORIGINS: `https://b.example,${origin}` })).toMatch(/^ {2}CORS_ORIGINS: origins as browsers send them/m);
    expect(loadConfig({ CORS_ORIGINS: 'https://b.example, http://localhost:3000,null' }).corsOrigins).toHaveLength(3);
  },
);

const NUMBERS: Record<string, { least: number; most?: number; read: (config: Config) => number }> = {
  RATE_LIMIT_PER_MINUTE: { least: 0, read: ({ rates }) => rates.perMinute },
  RATE_LIMIT_PER_HOUR: { least: 0, read: ({ rates }) => rates.perHour },
  COST_PER_MINUTE: { least: 0, read: ({ rates }) => rates.pointsPerMinute },
  MAX_COST: { least: 1, read: ({ maxCost }) => maxCost },
  MAX_DEPTH: { least: 1, read: ({ maxima }) => maxima.depth },
  MAX_ALIASES: { least: 0, read: ({ maxima }) => maxima.aliases },
  MAX_ROOT_FIELDS: { least: 1, read: ({ maxima }) => maxima.rootFields },
  MAX_DIRECTIVES: { least: 0, read: ({ maxima }) => maxima.directives },
  MAX_TOKENS: { least: 1, read: ({ maxima }) => maxima.tokens },
  MAX_BODY_BYTES: { least: 1, most: 25_000_000, read: ({ maxBodyBytes }) => maxBodyBytes },
  MAX_VARIABLES_BYTES: { least: 0, read: ({ maxima }) => maxima.variablesBytes },
  MAX_VARIABLES_DEPTH: { least: 0, read: ({ maxima }) => maxima.variablesDepth },
  MAX_BATCH: { least: 1, most: 100, read: ({ maxBatch }) => maxBatch },
  REQUEST_DEADLINE_MS: { least: 1, read: ({ deadlineMs }) => deadlineMs },
  MAX_EVENT_LOOP_DELAY_MS: { least: 1, read: ({ maxDelayMs }) => maxDelayMs },
};

test.each(Object.entries(NUMBERS))('%s is a whole number within its bounds, and reaches the gateway', (name, { least, most, read }) => {
  const good = [least, 77, most ?? 1_000_000];
  expect(good.map((value) => read(loadConfig({ [name]: String(value) })))).toEqual(good);
  const bad = [String(least - 1), '1.5', 'ten', 'NaN', 'Infinity', '-1', '1,000', ...(most === undefined ? [] : [String(most + 1)])];
  for (const value of bad)
    expect([value, complaint({ [name]: value })]).toEqual([value, expect.stringMatching(new RegExp(`^  ${name}: `, 'm'))]);
});

test.each(Object.entries(NUMBERS))('%s of nothing but spaces is not taken for 0', (name, { read }) => {
  const said = complaint({ [name]: ' ' });
  if (said === undefined) expect(read(loadConfig({ [name]: ' ' }))).toBe(read(loadConfig({})));
  else expect(said).toContain(`  ${name}: `);
});

test('a deadline that no timer can wait for is refused: it would end everything at once', () => {
  // setTimeout takes at most 2^31 - 1 milliseconds, and makes 1 of more.
  expect(complaint({ REQUEST_DEADLINE_MS: '2147483648' })).toContain('REQUEST_DEADLINE_MS');
  expect(complaint({ REQUEST_DEADLINE_MS: '3600000' })).toBeUndefined();
});

test('all bad settings are named at once, without their values', () => {
  const message =
    complaint({
      LIMIT_MODES: 'secret-1',
      TRUSTED_PROXIES: 'secret-2',
      MAX_COST: 'secret-3',
      METRICS_TOKEN: 'secret-4',
      MAX_BATCH: '101',
    }) ?? '';
  for (const name of ['LIMIT_MODES', 'TRUSTED_PROXIES', 'MAX_COST', 'METRICS_TOKEN', 'MAX_BATCH']) expect(message).toContain(`  ${name}: `);
  expect(message).not.toContain('secret-');
});
