// What decides who may see or do what, and cannot decide, says no.

import { buildSchema, parse } from 'graphql';
import { expect, test } from 'vitest';
import { Batcher } from '../../src/batching/batcher.ts';
import { isVisible } from '../../src/batching/list-options.ts';
import { RequestLoaders } from '../../src/batching/request-loaders.ts';
import { connect } from '../../src/graphql/connections.ts';
import type { Context } from '../../src/graphql/context.ts';
import { createClientOf } from '../../src/http/client.ts';
import { createIsOperator } from '../../src/http/operator.ts';
import { createCostOf } from '../../src/limits/cost.ts';
import { certificates } from '../../src/modules/certificate/loaders.ts';
import { hiringForms } from '../../src/modules/hiring-form/loaders.ts';
import { userById } from '../../src/modules/user/loaders.ts';
import { loadViewer } from '../../src/modules/user/policy.ts';
import { noDatabase } from '../support/batching.ts';
import { aReplicatedApp, withReplicaServers } from '../support/replicated-app.ts';
import { anApp } from '../support/world.ts';

const servers = withReplicaServers({});
const ISSUED = new Date('2026-03-31T09:30:00Z');

const viewerOf = (user: object, issuedAt = ISSUED) => {
  const ctx = {
    loaders: new RequestLoaders(new Batcher(noDatabase)),
    token: { userId: 5, issuedAt, expiresAt: ISSUED },
  } as unknown as Context;
  userById(ctx).prime(5, { id: 5, role: 'USER', isActive: true, tokensValidFrom: ISSUED, ...user } as never);
  return loadViewer(ctx);
};

test.each<[string, object, Date | undefined]>([
  ['whose moment is null', { tokensValidFrom: null }, undefined],
  ['whose moment is undefined', { tokensValidFrom: undefined }, undefined],
  ['whose moment is no Date', { tokensValidFrom: '2026-03-31T09:30:00Z' }, undefined],
  ['whose moment is a number', { tokensValidFrom: 0 }, undefined],
  ['whose moment is invalid', { tokensValidFrom: new Date(Number.NaN) }, undefined],
  ['whose token has no valid moment', {}, new Date(Number.NaN)],
  ['whose state is null', { isActive: null }, undefined],
  ['whose state is a text', { isActive: 'f' }, undefined],
  ['whose role is unknown', { role: 'OWNER' }, undefined],
])('a user %s is not signed in', (_, user, issuedAt) => {
  expect(viewerOf({})).not.toBeNull();
  expect(viewerOf(user, issuedAt)).toBeNull();
});

test('a rule that lacks its value, or names nothing, opens no row', () => {
  const row = { id: 1, issuedById: undefined, isPublic: false } as never;
  expect(isVisible<'Certificate'>([{ issuedById: undefined }], row)).toBe(false);
  expect(isVisible<'Certificate'>([{}], row)).toBe(false);
  expect(isVisible<'Certificate'>([], row)).toBe(false);
  expect(isVisible<'Certificate'>([{ id: 1, isPublic: false }], row)).toBe(true);
});

test('a list whose rule lacks its value, or whose parent has no key, is not read', async () => {
  const { database, statements } = await anApp({ isSeeded: false });
  const ctx = { loaders: new RequestLoaders(new Batcher(database)) };
  const page = (visible: object[]) => certificates.page(ctx, { visible: visible as never, limit: 10 });
  const info = { parentType: { name: 'Spa' }, fieldName: 'hiringForms', fieldNodes: [] } as never;
  const below = (spaId: unknown) => connect(hiringForms, ctx as never, info, {}, { below: { spaId: spaId as number }, visible: 'all' });
  const sent = await statements.during(async () => {
    expect(() => page([{ issuedById: undefined }])).toThrow('names issuedById and has no value for it');
    expect(() => page([{ isPublic: true }, {}])).toThrow('names no field');
    for (const key of [undefined, null]) expect(() => below(key)).toThrow("the parent's spaId is missing");
  });
  expect(sent).toEqual([]);
});

test('who has no address that is known is no operator', () => {
  const clientOf = createClientOf({ readToken: () => undefined });
  const client = clientOf({ socket: {}, headers: {} } as never);
  expect(client).toMatchObject({ address: 'unknown', isPrivate: false });
  expect(createIsOperator('a token of operators')(client as never, null)).toBe(false);
});

test('an operation whose cost is no number costs more than any limit', () => {
  const schema = buildSchema('type Query { odd: Int }');
  const odd = schema.getQueryType()?.getFields().odd;
  Object.assign(odd as object, { extensions: { cost: { weight: Number.NaN } } });
  const cost = createCostOf(schema)(parse('{ odd }'));
  expect([cost?.estimate({}), cost?.actual({ odd: 1 }, {})]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
});

test('a replica is not read where the greatest lag is no number', async () => {
  const { untilIn, isIn, logged } = await aReplicatedApp(servers(), { maxLagMs: Number.NaN });
  await untilIn(0, false);
  expect(isIn(0)).toBe(false);
  expect(logged.some(({ reason }) => reason?.startsWith('it lags'))).toBe(true);
});
