import { expect, test } from 'vitest';
import type { Role } from '../src/generated/prisma/enums.ts';
import { encodeId } from '../src/graphql/ids.ts';
import { type Answer, anApp } from './support/world.ts';

const ROLES = [undefined, 'USER', 'SPA_MANAGER', 'HR', 'ADMIN', 'SUPER_ADMIN'] as const;
const OTHER = 12;
const FIELDS =
  'id firstName lastName username email phoneNumber role isActive isVerified lastLoginAt createdAt version certificateCount candidateFormCount';

/** Edges that lead to user 12. */
const EDGES: Record<string, [query: string, read: (data: Answer['data']) => Answer['data']]> = {
  node: [`query($id: ID!) { node(id: $id) { ... on User { ${FIELDS} } } }`, (data) => data.node],
  nodes: [`query($id: ID!) { nodes(ids: [$id]) { ... on User { ${FIELDS} } } }`, (data) => data.nodes[0]],
  'Spa.createdBy': [`{ spa(id: "${encodeId('Spa', 1)}") { createdBy { ${FIELDS} } } }`, (data) => data.spa.createdBy],
  'HiringForm.postedBy': [
    `{ node(id: "${encodeId('HiringForm', 1)}") { ... on HiringForm { postedBy { ${FIELDS} } } } }`,
    (data) => data.node.postedBy,
  ],
  'Certificate.issuedBy': [
    `{ node(id: "${encodeId('IdCard', 2)}") { ... on IdCard { issuedBy { ${FIELDS} } } } }`,
    (data) => data.node?.issuedBy,
  ],
};

async function aWorldAround({ isPublic }: { isPublic: boolean }) {
  const world = await anApp();
  await world.prisma.certificate.updateMany({ where: { issuedById: OTHER }, data: { issuedById: 3 } });
  await world.prisma.user.update({ where: { id: OTHER }, data: { phoneNumber: '+919000000012', lastLoginAt: new Date() } });
  await world.prisma.spa.update({ where: { id: 1 }, data: { createdById: OTHER } });
  await world.prisma.hiringForm.update({ where: { id: 1 }, data: { postedById: OTHER, spaId: 1 } });
  await world.prisma.certificate.update({ where: { id: 2 }, data: { issuedById: OTHER, isPublic } });
  const seen = async (as?: Role) =>
    Object.fromEntries(
      await Promise.all(
        Object.entries(EDGES).map(async ([name, [query, read]]) => {
          const { data } = await world.ask(query, { id: encodeId('User', OTHER) }, as ? { as } : {});
          const user = read(data);
          return [
            name,
            user
              ? Object.keys(user)
                  .filter((field) => user[field] !== null)
                  .join(' ')
              : null,
          ];
        }),
      ),
    );
  return { ...world, seen };
}

const everywhere = (fields: string | null) => Object.fromEntries(Object.keys(EDGES).map((name) => [name, fields]));

test('a user who has issued a public certificate is seen by name, with the rest for admins, through every edge', async () => {
  const { seen } = await aWorldAround({ isPublic: true });
  const expected = {
    USER: 'id firstName lastName',
    SPA_MANAGER: 'id firstName lastName username',
    HR: 'id firstName lastName username',
    ADMIN: FIELDS,
    SUPER_ADMIN: FIELDS,
  };
  for (const role of ROLES)
    expect({ role, seen: await seen(role) }).toEqual({ role, seen: everywhere(role ? expected[role] : 'id firstName lastName') });
});

test('a user who has issued nothing in public is nobody to visitors and users through every edge', async () => {
  const { seen } = await aWorldAround({ isPublic: false });
  for (const role of [undefined, 'USER'] as const) {
    const found = await seen(role);
    expect({ role, found: { ...found, 'Certificate.issuedBy': null } }).toEqual({ role, found: everywhere(null) });
  }
  expect(await seen('HR')).toEqual(everywhere('id firstName lastName username'));
});

test('users see all of themselves through every edge', async () => {
  const { seen, prisma } = await aWorldAround({ isPublic: true });
  await prisma.spa.update({ where: { id: 1 }, data: { createdById: 5 } });
  expect((await seen('USER'))['Spa.createdBy']).toContain('email phoneNumber role isActive');
});

test('no answer and no field of the schema carries a password', async () => {
  const { ask } = await anApp();
  const { data } = await ask('{ __schema { types { name fields { name } } } }');
  expect(
    data.__schema.types
      .flatMap(({ fields }: Answer['data']) => fields ?? [])
      .filter(({ name }: Answer['data']) => /password|hash|tokensValid/i.test(name)),
  ).toEqual([]);
});

test('contact data and documents on a public certificate are for its issuer and staff', async () => {
  const { ask, prisma } = await anApp();
  await prisma.certificate.updateMany({
    where: { id: { in: [1, 9] } },
    data: { cardLastFour: '4242', customerAddress: 'Hidden Lane 7', paymentMode: 'CARD' },
  });
  await prisma.certificate.updateMany({ where: { id: { in: [2, 10] } }, data: { photo: '/hidden.jpg', contactNumber: '9000000007' } });
  const invoice = '... on Invoice { cardLastFour customerAddress } ... on IdCard { photo contactNumber }';
  const seen = async (ids: string[], as?: Role) => {
    const { data } = await ask(`query($ids: [ID!]!) { nodes(ids: $ids) { ${invoice} } }`, { ids }, as ? { as } : {});
    return data.nodes.flatMap((node: object) => Object.values(node)).filter((value: unknown) => value !== null);
  };
  const [own, others] = [
    [encodeId('Invoice', 1), encodeId('IdCard', 2)],
    [encodeId('Invoice', 9), encodeId('IdCard', 10)],
  ];
  const all = ['4242', 'Hidden Lane 7', '/hidden.jpg', '9000000007'];
  expect(await seen([...own, ...others])).toEqual([]);
  expect(await seen(others, 'USER')).toEqual([]);
  expect(await seen(own, 'USER')).toEqual(all);
  for (const role of ['SPA_MANAGER', 'HR', 'ADMIN', 'SUPER_ADMIN'] as const) expect(await seen(own, role)).toEqual(all);
});

test('a count and a cursor tell nothing of what is hidden', async () => {
  const { ask, prisma } = await anApp();
  await prisma.certificate.deleteMany({ where: { OR: [{ id: { gt: 150 } }, { category: { not: 'ID_CARD' } }] } });
  await prisma.certificate.updateMany({ where: { category: 'ID_CARD' }, data: { spaId: 1 } });
  const LIST = `query($after: String, $first: Int) { spa(id: "${encodeId('Spa', 1)}") { candidateForms { totalCount { value } }
    certificates(first: $first, after: $after) { totalCount { value isExact } edges { cursor node { id isPublic } } pageInfo { hasNextPage } } } }`;
  const read = async (variables: object, as?: Role) => (await ask(LIST, { first: 100, ...variables }, as ? { as } : {})).data.spa;
  const count = (where: object) => prisma.certificate.count({ where: { spaId: 1, ...where } });

  const [visitor, user, staff] = await Promise.all([read({}), read({}, 'USER'), read({}, 'HR')]);
  expect(visitor.candidateForms.totalCount.value).toBe(0);
  expect(user.candidateForms.totalCount.value).toBe(await prisma.candidateForm.count({ where: { spaId: 1, submittedById: 5 } }));
  expect(visitor.certificates.totalCount).toEqual({ value: await count({ isPublic: true }), isExact: true });
  expect(user.certificates.totalCount.value).toBe(await count({ OR: [{ isPublic: true }, { issuedById: 5 }] }));
  expect(staff.certificates.totalCount.value).toBe(await count({}));
  expect(staff.certificates.totalCount.value).toBeGreaterThan(user.certificates.totalCount.value);

  const visible = visitor.certificates.edges.map(({ node }: Answer['data']) => node.id);
  for (const [position, { cursor }] of staff.certificates.edges.entries()) {
    const rest = staff.certificates.edges.slice(position + 1).filter(({ node }: Answer['data']) => node.isPublic);
    const { certificates } = await read({ after: cursor, first: 2 });
    expect(certificates.edges.map(({ node }: Answer['data']) => node.id)).toEqual(
      rest.slice(0, 2).map(({ node }: Answer['data']) => node.id),
    );
    expect(certificates.pageInfo.hasNextPage).toBe(rest.length > 2);
  }
  expect(visible).toEqual(
    staff.certificates.edges.filter(({ node }: Answer['data']) => node.isPublic).map(({ node }: Answer['data']) => node.id),
  );
});
