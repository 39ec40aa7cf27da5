// What the load tool counts and decides: thresholds, choices of screens, percentiles, growth of memory, the line of progress.

import { describe, expect, test } from 'vitest';
import { createRandom } from '../bench/load/random.ts';
import { UsageError } from '../bench/options.ts';
import { createFigures } from '../bench/users/figures.ts';
import { growthOf, leastsOf } from '../bench/users/growth.ts';
import { createLatencies } from '../bench/users/latencies.ts';
import { readUsersOptions } from '../bench/users/options.ts';
import { openProgress } from '../bench/users/progress.ts';
import { ratioFor } from '../bench/users/saturate.ts';
import { chooseScreen, SCREENS, type UserKind } from '../bench/users/screens.ts';
import { defaultsFor, judge, mergeThresholds, readThreshold } from '../bench/users/thresholds.ts';
import { problemOf } from '../bench/users/user.ts';
import { times } from './support/protection.ts';

const KINDS: readonly UserKind[] = ['visitor', 'member', 'staff', 'admin'];
const JUDGED = { p50: 2, p95: 20, p99: 40, max: 90, errors: 2, requests: 1000, requestsPerSecond: 250 };

test.each(KINDS)('screens come to a %s as often as their shares say, and none that is not theirs', (kind) => {
  const shares = SCREENS.map(({ name, shares }) => [name, shares[kind] ?? 0] as const);
  expect(shares.reduce((sum, [, share]) => sum + share, 0)).toBe(100);
  const random = createRandom(7);
  const drawn = Map.groupBy(
    times(20_000, () => chooseScreen(kind, random).name),
    (name) => name,
  );
  for (const [name, share] of shares) {
    const found = ((drawn.get(name)?.length ?? 0) / 20_000) * 100;
    expect([name, Math.abs(found - share) <= (share === 0 ? 0 : 1.5)]).toEqual([name, true]);
  }
});

test('visitors change nothing, and what changes something is rare and rests', () => {
  const writes = SCREENS.filter(({ isWrite }) => isWrite);
  expect(writes.map(({ name }) => name)).toEqual(['IssueCertificate', 'SubmitCandidateForm']);
  expect(writes.every(({ shares, restMs }) => !shares.visitor && (shares.member ?? 0) <= 2 && restMs !== undefined)).toBe(true);
});

describe('thresholds', () => {
  const holds = (text: string, judged = {}) => judge([readThreshold(text)], { ...JUDGED, ...judged })[0]?.holds;

  test('each holds up to its bound', () => {
    expect(['p50=2', 'p95=20', 'p99=40', 'max=90', 'errors=2', 'errors=0.2%', 'rate=250'].map((text) => holds(text))).toEqual(
      times(7, () => true),
    );
    expect(['p50=1.9', 'p95=19', 'p99=39.9', 'max=89', 'errors=1', 'errors=0.19%', 'rate=251'].map((text) => holds(text))).toEqual(
      times(7, () => false),
    );
    expect([holds('memory=250', { memory: 250 }), holds('memory=250', { memory: 251 })]).toEqual([true, false]);
    expect([holds('growth=5%', { growth: 1.04 }), holds('growth=5%', { growth: 1.06 })]).toEqual([true, false]);
    expect([holds('ratio=1.6', { ratio: 1.7 }), holds('ratio=1.6', { ratio: 1.5 })]).toEqual([true, false]);
  });

  test('what was not measured does not hold', () => {
    expect([holds('memory=250'), holds('p99=50', { p99: Number.NaN }), holds('rate=1', { requestsPerSecond: Number.NaN })]).toEqual(
      times(3, () => false),
    );
  });

  test('the later one takes the place of the default, and fewer users must be answered sooner', () => {
    const boundOf = (users: number) => defaultsFor(users).find(({ name }) => name === 'p99')?.bound;
    expect([boundOf(500), boundOf(501)]).toEqual([50, 200]);
    const merged = mergeThresholds(defaultsFor(10), [readThreshold('p99=7'), readThreshold('max=9')]);
    expect(merged.map(({ name, bound }) => `${name} ${bound}`)).toEqual(['errors 0', 'p99 7', 'max 9']);
  });

  test('two workers must be worth 1.6 of one where there are cores for all, and never less than one', () => {
    expect([ratioFor(2, 4), ratioFor(2, 2), ratioFor(1, 64)].map(({ bound }) => bound)).toEqual([1.6, 1, 1]);
  });
});

test.each([
  [['--users', '0'], /--users takes a whole number from 1/],
  [['--users', 'many'], /--users/],
  [['--users', ''], /--users/],
  [['--spawn', '-1'], /--spawn/],
  [['--think', '3-1'], /--think takes the least and the most/],
  [['--threshold', 'p98=1'], /names are p50, p95/],
  [['--threshold', 'p99'], /p99=50/],
  [['--threshold', 'p99=5%'], /percent/],
  [['--url', 'localhost'], /--url takes an address/],
  [['--url', 'http://127.0.0.1:1', '--workers', '2'], /--workers: a gateway that runs already/],
  [['--pid', '1'], /--pid/],
  [['--connections', '4'], /--connections: it belongs to --saturate/],
  [['--saturate', '--users', '4'], /--users: --saturate has no use/],
  [['--set', 'port=1'], /--set/],
  [['--nothing'], /--nothing/],
  [['word'], /word/],
])('the options %j are refused in a sentence', (args, sentence) => {
  expect(() => readUsersOptions(args)).toThrow(UsageError);
  expect(() => readUsersOptions(args)).toThrow(sentence);
});

test('a soak is ten minutes, and a load one', () => {
  const secondsOf = (...args: string[]) => readUsersOptions(args)?.durationSeconds;
  expect([secondsOf(), secondsOf('--soak'), secondsOf('--soak', '--duration', '30')]).toEqual([60, 600, 30]);
});

test('percentiles are those of the times, to three figures', () => {
  const latencies = createLatencies();
  expect(latencies.percentiles().p50).toBeNaN();
  for (let i = 1; i <= 1000; i++) latencies.record(i);
  const { p50, p95, p99, max } = latencies.percentiles();
  for (const [found, wanted] of [
    [p50, 500],
    [p95, 950],
    [p99, 990],
    [max, 1000],
  ] as const)
    expect(Math.abs(found - wanted) / wanted).toBeLessThan(0.002);
});

test('times count while all users are there, errors and retries always', () => {
  const figures = createFigures();
  const answer = (milliseconds: number, isKept?: boolean) => figures.countAnswer('Me', { milliseconds, lateMs: 0, isKept });
  answer(900);
  figures.countError('Me', '503 OVERLOADED', 'busy');
  figures.countRetry();
  const first = figures.closeSecond(1, 3);
  figures.beginSteady();
  answer(10, true);
  answer(10, false);
  figures.endSteady();
  answer(30);
  const { second, live } = figures.closeSecond(2, 4);
  expect(first.second).toMatchObject({ atSecond: 1, users: 3, answers: 1, errors: 1, retries: 1 });
  expect(second).toMatchObject({ atSecond: 2, users: 4, answers: 3, errors: 0, retries: 0 });
  expect([Math.round(second.max), Math.round(live.max)]).toEqual([30, 900]);
  const totals = figures.totals();
  expect(totals).toMatchObject({ requests: 5, errors: 1, retries: 1 });
  expect([Math.round(totals.max), Math.round(totals.requestsPerSecond * totals.seconds)]).toEqual([30, 2]);
  expect(figures.byScreen()).toMatchObject([
    { screen: 'Me', requests: 5, errors: 1, errorsByCode: { '503 OVERLOADED': 1 }, keptShare: 0.5 },
  ]);
  for (let i = 3; i <= 6; i++) figures.closeSecond(i, 4);
  expect(figures.closeSecond(7, 4).live.max).toBeNaN();
});

test('what collections leave is told for each part of the time', () => {
  const samples = Array.from({ length: 600 }, (_, i) => ({ atSecond: i + 1, megabytes: 100 + (i % 40) + Math.floor(i / 100) }));
  const leasts = leastsOf(samples, 6);
  expect(leasts.map(({ atSecond }) => atSecond)).toEqual([100, 200, 300, 400, 500, 600]);
  expect(leasts.map(({ megabytes }) => megabytes)).toEqual([100, 101, 102, 103, 104, 105]);
});

test('memory that is collected again and again is flat, and what stays of it grows', () => {
  const sawtooth = (floorAt: (second: number) => number) =>
    growthOf(times(600, (i) => ({ atSecond: i + 1, megabytes: floorAt(i) + ((i * 7) % 10) * 5 })));
  expect(sawtooth(() => 100)).toBe(1);
  expect(sawtooth((second) => 100 + second / 10)).toBeGreaterThan(1.2);
  // It finds its size in the beginning.
  expect(sawtooth((second) => Math.min(200, 100 + second))).toBe(1);
  expect(growthOf([{ atSecond: 1, megabytes: 5 }])).toBeUndefined();
});

test('an answer is judged by its status and its errors, not by the word', () => {
  const of = (status: number, body: unknown) => problemOf({ status, text: typeof body === 'string' ? body : JSON.stringify(body) })?.code;
  const errors = [{ message: 'no', extensions: { code: 'FORBIDDEN' } }];
  expect(of(200, { data: { a: 1 } })).toBeUndefined();
  expect(of(200, { data: { text: 'the "errors" of others' } })).toBeUndefined();
  expect(of(200, { data: { a: null }, errors })).toBe('200 FORBIDDEN');
  expect(of(429, { errors: [{ message: 'no', extensions: { code: 'RATE_LIMITED' } }] })).toBe('429 RATE_LIMITED');
  expect([of(502, '<html>'), of(200, ''), of(200, '[]')]).toEqual(['502', '200', '200']);
});

test('a terminal has one line that is written anew, a file one each ten seconds', () => {
  const shown = (isTTY: boolean) => {
    const written: string[] = [];
    const progress = openProgress({ isTTY, write: (text: string) => written.push(text) > 0 });
    const live = { p50: 1.23, p95: 2, p99: 45.6, max: 50 };
    for (let atSecond = 1; atSecond <= 20; atSecond++)
      progress.show({ atSecond, users: Math.min(5, atSecond), wanted: 5, answers: atSecond, errors: 3, retries: 1, live });
    progress.close();
    return written;
  };
  const [first, ...rest] = shown(true);
  expect(first).toMatch(/^\r +1 s {2}1\/5 users {2}1 requests\/s {2}p50 1\.2 ms {2}p99 45\.6 ms {2}3 errors, 1 retries/);
  expect(rest).toHaveLength(20);
  expect(rest.slice(0, -1).every((text) => text.startsWith('\r') && !text.includes('\n'))).toBe(true);
  expect(rest.at(-1)).toBe('\n');
  const lines = shown(false);
  expect(lines).toHaveLength(2);
  // Over the ten seconds, not of the last one.
  expect(lines[0]).toMatch(/^ +10 s {2}5 users {2}6 requests\/s .*\n$/);
});
