import { expect, test } from 'vitest';
import { traceContextOf } from '../src/http/trace-context.ts';
import { aLoggingApp } from './support/request-lines.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

test('a traceparent is read as the standard says', () => {
  const sampled = { traceId: TRACE, parentId: PARENT, isSampled: true, state: undefined };
  expect(traceContextOf({ traceparent: `00-${TRACE}-${PARENT}-01` })).toEqual(sampled);
  expect(traceContextOf({ traceparent: `00-${TRACE}-${PARENT}-00` })).toEqual({ ...sampled, isSampled: false });
  // Other flags than the first bit are for versions to come, as is what stands behind them.
  expect(traceContextOf({ traceparent: `00-${TRACE}-${PARENT}-02` })).toEqual({ ...sampled, isSampled: false });
  expect(traceContextOf({ traceparent: `cc-${TRACE}-${PARENT}-03-more` })).toEqual(sampled);
  expect(traceContextOf({ traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: 'a=b,c=d' })).toEqual({ ...sampled, state: 'a=b,c=d' });
  expect(traceContextOf({ traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: `a=${'b'.repeat(600)}` })).toEqual(sampled);
});

test.each([
  undefined,
  '',
  'nothing',
  `ff-${TRACE}-${PARENT}-01`,
  `00-${'0'.repeat(32)}-${PARENT}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00-${TRACE.toUpperCase()}-${PARENT}-01`,
  `00-${TRACE}-${PARENT}-01-more`,
  `cc-${TRACE}-${PARENT}-01more`,
  `00-${TRACE.slice(1)}-${PARENT}-01`,
  `00-${TRACE}-${PARENT}-1`,
  `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`,
])('the traceparent %j begins no trace', (traceparent) => {
  expect(traceContextOf({ traceparent, tracestate: 'a=b' })).toBeUndefined();
});

test("a request's line has the trace that it belongs to, where nothing is traced too", async () => {
  const { send, lineOf } = await aLoggingApp();
  const traced = await lineOf(() => send({ query: '{ __typename }' }, { headers: { traceparent: `00-${TRACE}-${PARENT}-00` } }));
  expect(traced?.traceId).toBe(TRACE);
  const untraced = await lineOf(() => send({ query: '{ __typename }' }, { headers: { traceparent: `00-${TRACE}-${PARENT}` } }));
  expect(untraced).not.toHaveProperty('traceId');
});
